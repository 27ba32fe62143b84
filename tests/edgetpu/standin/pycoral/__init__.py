"""A stand-in for Google's pycoral: the names and signatures of pycoral 2.0.0, over the stand-in libedgetpu."""

__version__ = "2.0.0"
