"""The judge: read what a student submitted, run its checks behind walls, and give a verdict that can be repeated."""

import os

# Before numpy is loaded. Its library makes a thread for each processor, in a forked judge anew, and 40 to 140 MB for
# each: on a machine with 32 processors that is beyond the judge's memory, and it spins there until the judge is ended.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
