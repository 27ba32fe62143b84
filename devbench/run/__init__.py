"""Plan a suite into cases, prepare their artifacts, run the rounds, save after each, resume."""
