"""Measuring time and memory of one's own models."""

from tinytorch.faces import make_face, same_words

WORDS = same_words()

__getattr__, __dir__ = make_face(__name__, WORDS)
