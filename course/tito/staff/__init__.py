"""Commands and engines for the staff: notebooks, lint, packages. Never in a student's wheel."""
