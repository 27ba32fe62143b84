"""Ratios between outcomes, each with its interval."""
