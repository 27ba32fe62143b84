"""Look at this machine: its clocks, its load and its limits, as far as they change what is measured on it."""
