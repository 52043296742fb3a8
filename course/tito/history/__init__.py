"""Versions of a student's notebooks: kept at every save, thinned, bounded, compared, restored.

A student's server keeps them in its own process, so nothing here loads more than the standard library.
"""
