"""The Hub: its configuration, and the programs that run it.

At the top, `settings` merges the layers of configuration once, and `apply_*` functions set the values on a traitlets
Config. `run/` starts, supervises, deploys and backs up; `docker/` prepares the engine's machine: bridge, firewall,
homes; `home/` is the web application of the home page. `sign_in/` and `spawners/` are loaded by the Hub, `server/` by
students' servers. `python -m hub_config serve` runs everything on one machine.

The top, `run/` and `docker/` import no other room: they name services by their command lines.
"""
