"""A module's single source, `slug_dev.py`: read it, export it, and make notebooks for staff and students from it."""
