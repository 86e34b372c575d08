"""The stepper: a recorded run, played step by step (`record`), in a notebook (`widget`) or as one HTML file (`page`)."""
