"""Suites and lab files: YAML in, typed values out, every mistake reported at once with file, line and column."""
