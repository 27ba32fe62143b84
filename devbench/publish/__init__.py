"""What may be published of a run, and whether a published CSV follows from its run."""
