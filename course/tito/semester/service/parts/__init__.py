"""What a semester is brought to: each part compares one place with the semester and lists the changes it needs."""
