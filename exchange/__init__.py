"""Releases, submissions and feedback that cannot be lost, forged or peeked at.

`exchange.protocol` is the language, `exchange.service` the server, `exchange.client` speaks to it from Python, and
`exchange.nbgrader_plugin` lets nbgrader's own commands and JupyterLab extensions work on it. `exchange.hub` is what
this and other services beside a Hub have in common. `python -m exchange --help` starts and looks after the service. A
student's environment has protocol, client and plugin; they import nothing of the service.
"""
