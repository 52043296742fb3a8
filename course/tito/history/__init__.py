"""Versions of a student's notebooks: kept at every save, thinned out, limited, compared, restored.

A student's server keeps them in its own process, so this code loads only the standard library.
"""
