"""The judge: read what a student submitted, run its checks in a sandbox, and give a repeatable verdict."""

import os

# Before numpy is loaded. Its library makes a thread for each processor, again in each forked judge, with 40 to 140 MB
# each: with 32 processors that exceeds the judge's memory, and the library spins until the judge is killed.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
