"""The chip's own words: the watcher's table, and dumps that come from a board."""
