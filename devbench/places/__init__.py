"""Reach a place: ship the worker, start it, and talk to it."""
