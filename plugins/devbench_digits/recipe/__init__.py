"""Everything that decides what a file holds; the bytes of this folder are part of every source of the catalogue.

Only the builder's process loads the other modules here: they import scikit-learn, Keras and TensorFlow.
"""

NETWORK = "separable"
CLASSES = 10
SIDE_PX = 32
FILES = {"keras": "digits.keras", "float32": "digits_float32.tflite", "int8": "digits_int8.tflite"} | {
    name: f"digits_{name}.zip" for name in ("train", "test")
}
