"""What lessons are made of: programs to look at, and what there is to say about them."""
