"""The semester service: puts a semester file into effect and keeps its dates.

It promises that `plan` shows exactly what `apply` does, that applying twice changes nothing, and that a release or a
collection whose time has come happens once, on time or, after an outage, as soon as the service is back. It alone may
change the Hub's groups; it never touches the operator, and removes from groups only people whom the semester file
governs.
"""
