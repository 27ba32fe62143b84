"""Everything that decides what a zoo file holds; the bytes of this folder are part of every source string.

Only the builder's process loads the modules here that import Keras and TensorFlow.
"""

INPUT_SIDES_PX = {"mobilenet_v1": 224, "mobilenet_v2": 224, "inception_v1": 224, "inception_v4": 299}
WEIGHTS = ("random", "imagenet")
