"""The exchange's server: a JupyterHub service that stores releases, submissions and feedback.

`settings` says where it runs, and `app.create_app` builds the ASGI application. Read in this order: `policy` (the rules
of time, pure), `tables` and `database`, `blobs`, `identity`, `find` (who finds what), `intake` (how a submission comes
in), `routes`. It promises that what it has acknowledged is on disk, and that nothing half-written is ever visible.
"""
