"""A run's facts drawn: as text, as SVG and with matplotlib, all from the same spans."""
