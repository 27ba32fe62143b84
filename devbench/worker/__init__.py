"""The program that runs on the device and times one case. Python 3.6, standard library and numpy only.

It travels as a zipapp whose package is called `devbench_worker`, so it imports nothing of devbench.
"""
