"""The Hub as data and pure functions.

`settings` merges the layers of configuration once; `apply_*` functions set values on a traitlets Config and do nothing
else; `python -m hub_config serve` runs the whole of it on one machine. Nothing here imports another room: services are
named by their command lines.
"""
