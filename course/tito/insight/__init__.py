"""What a course can learn about itself: where people are stuck, which check is at fault, what to change.

Numbers are computed from what the exchange and the grading service have recorded. Promises: each says what it counts
and which students are behind it, or "not known" if these are too few; nobody is ranked; no points are given or taken.
"""
