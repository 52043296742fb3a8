"""Grade submissions: read them, judge them behind walls, and hand the verdicts to nbgrader's gradebook."""

import os

from .late_imports import import_nbgrader_alone, postpone

# Before numpy is loaded. Its library makes a thread for each processor, in a forked judge anew, and 40 to 140 MB for
# each: on a machine with 32 processors that is beyond the judge's memory, and it spins there until the judge is ended.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

postpone("rfc3987_syntax", "is_valid_syntax")
import_nbgrader_alone()
