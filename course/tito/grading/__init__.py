"""The grading service: a durable queue of grading work, the processes that do it, and the HTTP interface to both.

It promises: what was queued is done once, even if the service is killed in the middle; one bad submission stops no
others; each run is recorded with seed, versions, duration and outcome; a run that dies leaves the previous grade in
place.
"""

import tito.gradebook  # noqa: F401 - from here on nbgrader is loaded without what grading never uses
