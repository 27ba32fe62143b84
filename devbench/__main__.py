"""`python -m devbench` is the same as `devbench`."""

from devbench.cli import main

main()
