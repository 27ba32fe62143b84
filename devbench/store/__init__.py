"""Run folders: run.json, the samples, and the lock that keeps two runs apart."""
