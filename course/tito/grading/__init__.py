"""Grade submissions: read them, judge them behind walls, and hand the verdicts to nbgrader's gradebook."""
