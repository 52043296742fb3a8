"""What helps a student who is stuck: hints in steps.

A student's server shows them in its own process, so nothing here loads more than the standard library.
"""
