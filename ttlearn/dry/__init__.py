"""Running a program without its data: the same clock and the same engine, but every load gives an unknown."""
