"""Running a program many times to learn from the differences: other timings, other depths, other sizes, two runs."""
