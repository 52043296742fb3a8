"""What every service next to a Hub needs, written once: who is asking, its database, refusals, calls to other services.

Nothing here knows a course or a service by name, so the exchange and all other services can build on it.
"""
