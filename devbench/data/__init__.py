"""Runs, results CSVs and published figures as pandas data frames."""
