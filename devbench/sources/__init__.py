"""Opens run folders and results CSVs, for the command line and for `devbench.data`."""
