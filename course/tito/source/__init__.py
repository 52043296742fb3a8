"""A module's one source, `slug_dev.py`: read it, export it, and make the notebooks of staff and students from it."""
