"""Pictures (`svg`, `heat`, `plot`), live panels (`panel`), and the `stepper`, which plays a recorded run."""
