"""Everything that decides what a file holds; the bytes of this folder are part of every source of the catalogue.

Only the builder's process loads the other modules here: they import scikit-learn, Keras and TensorFlow.
"""

NETWORK = "separable"
CLASSES = 10
SIDE_PX = 32
FILES = {"keras": "digits.keras", "train": "digits_train.zip", "test": "digits_test.zip"}
