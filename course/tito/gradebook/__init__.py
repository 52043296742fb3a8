"""nbgrader's gradebook, and all that reads or writes it: verdicts, late penalties, feedback, tables of grades.

`gradebook.db` has one owner, this room: others ask it, and write under its lock.
"""

import tito.judge  # noqa: F401 - it sets how many threads numpy may have, before anything here loads numpy
from tito.late_imports import import_nbgrader_lightly

import_nbgrader_lightly()
