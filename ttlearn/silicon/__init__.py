"""The model beside silicon: programs whose duration Tenstorrent has published, run here, and the error of each."""
