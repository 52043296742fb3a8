"""Help for a student who is stuck: hints, step by step.

A student's server shows them in its own process, so nothing here loads more than the standard library.
"""
