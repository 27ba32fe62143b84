"""Renders comparisons and runs: terminal, Markdown, CSV. It computes nothing."""
