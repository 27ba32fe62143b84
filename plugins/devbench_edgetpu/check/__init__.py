"""Will a network run on an Edge TPU? The rules of its compiler, what they rest on, and what they say of a file."""
