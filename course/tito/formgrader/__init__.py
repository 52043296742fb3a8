"""The formgrader gateway: nbgrader's grading pages as a small web application of their own, behind the Hub's login.

It promises: no kernel, terminal, file browser or configuration can be reached through it; nothing that a student made
runs in a grader's browser; every change of a grade is recorded with the person, the old and the new value.
"""

import tito.gradebook  # noqa: F401 - from here on nbgrader is loaded without what grading never uses
