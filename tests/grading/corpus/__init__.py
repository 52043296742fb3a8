"""Submissions of the module `boxes`: hostile ones, and unlucky but honest ones."""
