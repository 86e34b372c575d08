"""The host side: tensors, descriptors, `generic_op` and `Run`, under ttnn's names."""
