"""Prepare artifacts: find or build a model's file, check it, and keep it in the cache."""
