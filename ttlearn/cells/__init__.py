"""How an error looks: in a notebook cell, in a script, and whole."""
