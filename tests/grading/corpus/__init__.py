"""Submissions of the module `boxes`: hostile ones, and honest ones with bad luck."""
