"""`python -m tito.worker`: serve one judge on descriptor 0 (a socket, or a pipe with answers on 1), then exit.

--output null|inherit   where student code prints (null: nowhere, so that it can't fill a log)
--confine               forbid new processes and sockets from now on (Linux)
"""

import argparse
import json
import os
import stat
import sys

from tito.worker.channel import Channel
from tito.worker.obey import Worker, describe
from tito.worker.wire import Reader, WireError, Writer


def main() -> None:
    parser = argparse.ArgumentParser(prog="tito.worker")
    parser.add_argument("--output", choices=("null", "inherit"), default="null")
    parser.add_argument("--confine", type=json.loads)
    parser.add_argument("--module", default="notebook")
    options = parser.parse_args()
    channel = _take_channel(options.output)
    if options.confine:
        _confine(**options.confine)
    serve(channel, Worker(options.module))


def _confine(user: int | None, **limits: int) -> None:
    from tito.worker import confine

    if user is not None:
        confine.become_user(user)
    confine.limit_resources(**limits)
    confine.forbid_processes()


def _take_channel(output: str) -> Channel:
    """Move the judge's descriptors out of the way, so that student code's `print` and `input` can't reach them."""
    is_socket = stat.S_ISSOCK(os.fstat(0).st_mode)
    read_fd = os.dup(0)
    write_fd = read_fd if is_socket else os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if not is_socket:
        os.dup2(2, 1)
    if output == "null":
        os.dup2(null, 1)
        os.dup2(null, 2)
    os.close(null)
    return Channel(read_fd, write_fd)


def serve(channel: Channel, worker: Worker) -> None:
    """Answer requests until the judge is gone."""
    reader = Reader(worker.objects.find, writable=True)
    writer = Writer(worker.objects.refer, worker.objects.store)
    channel.send(writer.message(["ready"]))
    while True:
        try:
            structure, buffers = channel.receive()
        except EOFError:
            return
        answer = _answer(worker, reader, structure, buffers)
        try:
            pieces = writer.message(answer)
        except BaseException as error:  # a value that can't be sent is the student's value
            pieces = writer.message(["error", "ValueError", "ValueError", _unsendable(error), ""])
        del answer, buffers
        channel.send(pieces)


def _answer(worker: Worker, reader: Reader, structure: bytes, buffers: list) -> list:
    try:
        request = reader.value(structure, buffers)
    except WireError as error:
        return ["error", *describe(RuntimeError(str(error)))]
    return worker.answer(request)


def _unsendable(error: BaseException) -> str:
    why = f": {error}" if type(error) is WireError else ""
    return f"the result is neither a plain value nor an object: {type(error).__name__}{why}"


if __name__ == "__main__":
    main()
    # Don't wait for threads, atexit functions and finalizers of student code.
    sys.stdout.flush()
    os._exit(0)
