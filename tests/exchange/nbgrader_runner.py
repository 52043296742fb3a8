"""Run nbgrader's commands for one person, one per line of JSON: starting nbgrader for each takes too long.

Any Python that has nbgrader can run it; it needs nothing from this project. `{"args": [...], "cwd": ...,
"ahead_seconds": 0}` runs a command with a clock that is ahead by that much; `{"list": [...], "cwd": ...}` calls the
Assignment List's server extension.
"""

import contextlib
import datetime
import importlib
import io
import json
import logging
import os
import sys
import traceback
import types

PARSER = "rfc3987_syntax"


def is_valid_syntax(*given):
    """Load the parser of all IRIs when jsonschema calls it, not when it is imported: half of the time of a start."""
    if sys.modules[PARSER] is placeholder:
        del sys.modules[PARSER]
    return importlib.import_module(PARSER).is_valid_syntax(*given)


placeholder = sys.modules[PARSER] = types.ModuleType(PARSER)
placeholder.is_valid_syntax = is_valid_syntax


@contextlib.contextmanager
def wrong_clock(seconds):
    """Give nbgrader's exchange a wrong clock, as a student's computer may have."""
    import nbgrader.exchange.abc.exchange as module

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) + datetime.timedelta(seconds=seconds)

    class Module:
        datetime = Shifted

    right, module.datetime = module.datetime, Module
    try:
        yield
    finally:
        module.datetime = right


def run_command(args):
    """Run one nbgrader command; return its exit code and log."""
    from jupyter_core.application import NoStart
    from nbgrader.apps import NbGraderApp

    log, code = io.StringIO(), 0
    app = NbGraderApp.instance()
    try:
        app.initialize(args)
        app.init_logging(logging.StreamHandler, [log], color=False, subapps=True)
        app.start()
    except SystemExit as end:
        code = end.code or 0
    except NoStart:
        pass  # a command with subcommands ends like this
    except Exception:
        code = 1
        log.write(traceback.format_exc())
    finally:
        text = log.getvalue()
        app.reset()
    return {"code": code, "log": text}


def run_list(method, arguments):
    """Call the server extension behind JupyterLab's Assignment List."""
    from nbgrader.server_extensions.assignment_list.handlers import AssignmentList

    manager = AssignmentList()
    manager.root_dir = os.getcwd()  # noqa: PTH109
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    manager.log.addHandler(handler)
    try:
        return {"code": 0, "value": getattr(manager, method)(*arguments), "log": log.getvalue()}
    finally:
        manager.log.removeHandler(handler)


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        wanted = json.loads(line)
        os.chdir(wanted["cwd"])
        if "list" in wanted:
            answer = run_list(wanted["list"][0], wanted["list"][1:])
        else:
            with wrong_clock(wanted.get("ahead_seconds", 0)):
                answer = run_command(wanted["args"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
