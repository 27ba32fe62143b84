"""How long a network would take on a device that nobody here has: figures that others published, and a physical sum.

`network.py` what a network asks of a device, `tables.py` the published tables and which rows count, `shapes.py` the
sums, `least_squares.py` how they are fitted, `study.py` how far off they are, `likeness.py` when they say nothing,
`prediction.py` the answer, `advice.py` what would help. It reads `figures.csv` beside it, and the networks of
`models/networks.csv`.
"""
