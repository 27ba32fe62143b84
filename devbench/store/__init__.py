"""Run folders: run.json, the samples, and the lock that keeps two runs apart."""

RUN_FILE = "run.json"  # known to whoever only looks for one: what reads it takes long to import
