"""The words of devbench as frozen types: plain data that could be written to disk, and three small classes."""
