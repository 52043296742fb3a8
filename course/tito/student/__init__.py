"""Commands that a student has."""
