"""Releases, submissions and feedback that cannot be lost, forged or peeked at.

`exchange.protocol` is the language, `exchange.service` the server, `exchange.client` speaks to it from Python, and
`exchange.nbgrader_plugin` lets nbgrader's own commands and JupyterLab extensions work with it. `exchange.hub` is what
this service and others next to a Hub have in common. `python -m exchange` starts and maintains the service; `--help`
lists its commands. A student's environment has protocol, client and plugin, which import nothing from the service.
"""
