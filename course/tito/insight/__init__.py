"""What a course can learn about itself: where people are stuck, which check is at fault, what to change.

Numbers are computed from what the exchange and the grading service have recorded. Promises: each says what it counts,
"not known" where too few are behind it, and who stands behind it; nobody is ranked; nothing here gives or takes points.
"""
