"""The places that a semester changes: each part compares one place with the semester and lists the changes it needs."""
