"""Writes the distribution of a new plugin, whose tests pass before a line of it is changed."""
