"""Change settings of a machine while it is measured, here or over ssh, and undo them whatever happens."""
