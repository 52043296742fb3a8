"""The language that client, nbgrader plugin and service share: names, shapes, limits and proofs, and no behavior of
either side.

`names` says what somebody is called everywhere, `scopes` who may do what, `models` what is asked and answered, `paths`
which file names may be sent, `bundle` how files are sent, `receipt` what proves that they arrived.
"""

API_VERSION = "v1"
DEFAULT_PREFIX = "/services/exchange/"
IDEMPOTENCY_HEADER = "Idempotency-Key"
ACTOR_HEADER = "Hub-Actor"  # a service says for which person it acts; recorded in the audit, gives no rights
ACTOR_HEADERS = (ACTOR_HEADER, "Exchange-Actor", "Grading-Actor")  # what services of earlier versions send
