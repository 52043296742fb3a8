"""Commands and engines of the staff: notebooks, lint, packages. Never in a student's wheel."""
