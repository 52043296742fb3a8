"""A single-user server's configuration, mounted at /etc/jupyter inside its sandbox or container."""

import json
import os
from pathlib import Path

from jupyterlab import commands
from ready_made import ReadyMade  # beside this file

c = get_config()  # type: ignore[name-defined]  # noqa: F821
# If the machine has Node, JupyterLab asks yarn which registry it would build extensions from: half a start's time.
commands._yarn_config = lambda logger: {"yarn config": {}, "npm config": {}}
# Kernels on one machine share its loopback: over TCP, anybody there could subscribe to a kernel's output.
c.ConnectionFileMixin.transport = "ipc"
c.KernelManager.shutdown_wait_time = 2.0
c.MappingKernelManager.cull_idle_timeout = 3600
c.ServerApp.kernel_websocket_connection_class = "kernel_channels.PromptConnection"  # beside this file
c.ServerApp.root_dir = str(Path.home())
# The form token's cookie like all others: over https only if the Hub answers https.
c.ServerApp.tornado_settings = {
    "xsrf_cookie_kwargs": json.loads(os.environ.get("JUPYTERHUB_COOKIE_OPTIONS", "{}")),
    "static_handler_class": ReadyMade,
}
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
c.ContentsManager.allow_hidden = False
c.ServerApp.contents_manager_class = "notebook_history.Contents"  # beside this file, as the next two
c.ServerApp.kernel_spec_manager_class = "kernel_specs.Specs"  # beside this file
c.FileContentsManager.checkpoints_class = "full_home.Checkpoints"
c.ServerApp.kernel_manager_class = "full_home.Kernels"
# In memory: on a full disk the file breaks, and then no notebook opens. Outputs are trusted until the server ends.
c.NotebookNotary.db_file = ":memory:"
c.NotebookNotary.secret = os.urandom(64)
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
c.LabApp.collaborative = False
staff = os.environ.get("SERVER_KIND") == "staff"
kind = "staff" if staff else "student"
c.LabApp.extra_labextensions_path = [str(Path(__file__).parent / kind / "labextensions")]  # plain scripts of our own
prefix = "nbgrader.server_extensions"
c.ServerApp.jpserver_extensions = {
    "full_home": True,  # beside this file: the page of a home without room
    "notebook_history": True,  # beside this file: thins versions at the start
    "history_page": True,  # beside this file: the versions of a notebook
    "correction_page": True,  # beside this file: a corrected release, taken with one's answers kept
    "stuck_page": True,  # beside this file: hints in steps, a question to the staff
    "answers_page": True,  # beside this file: the student's questions, and the data for notifications
    "cell_reports": True,  # beside this file: what test cells noted, sent once a minute
    "first_page": True,  # JupyterLab's page without what is disabled
    "still_at_work": True,  # a server with a silent computation is not idle
    "nbgrader_on_request": True,  # beside this file: the next two, once somebody asks for them
    f"{prefix}.assignment_list": False,
    f"{prefix}.validate_assignment": False,
    f"{prefix}.course_list": staff,
    f"{prefix}.formgrader": False,
    "jupyter_lsp": False,
    "jupyterlab_jupytext": staff,  # its contents manager wraps ours
    "jupyter_server_terminals": True,
    "jupyterlab": True,
    "notebook": False,  # its pages duplicate JupyterLab's
    "notebook_shim": False,
}
