"""Physical limits."""
