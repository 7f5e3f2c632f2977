"""What the processes of one machine are forked from: Python and the libraries in memory once, not once each.

``python -m steppe.fork_server FD PID`` loads what they have in common and then takes orders on a socket. Each
order comes with two files, the order's log and a pipe: pid and, later, exit code are written to it. Whoever
sends the orders is steppe/forking.py. Nothing here starts a thread or opens a store: neither survives a fork.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import runpy
import selectors
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.allocator import give_back, keep_no_holes
from core.settings import replace_environment
from steppe.forking import ENDED, PID, SAID
from steppe.supervisor import die_with_supervisor

PRELOADED: Final = ("steppe.processes.gateway", "steppe.processes.tracker", "steppe.processes.api")
"""Without the archiver and the workers: what they load beside these nobody shares (Arrow, solvers)."""
ORDER_BYTES_MOST: Final = 200_000
PR_SET_NAME: Final = 15
"""prctl(2)"""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A process to fork: ``python -m MODULE WORDS`` in this environment, and what it is called in `ps`."""

    module: str
    words: tuple[str, ...]
    title: tuple[str, ...]
    environment: dict[str, str]


def preload() -> None:
    """Load what is shared; the collector shall never write to it again."""
    keep_no_holes()
    gc.disable()
    for name in PRELOADED:
        importlib.import_module(name)
    give_back()
    gc.freeze()
    gc.enable()


def serve(channel: socket.socket) -> Order | None:
    """Fork what is ordered until the channel closes; return the order in each child, None at the end."""
    server_pid = os.getpid()
    pipes: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not channel:
                    pid, pipe = pipes.pop(key.fd)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _say(pipe, ENDED, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    os.close(pipe)
                    continue
                message, files, _, _ = socket.recv_fds(channel, ORDER_BYTES_MOST, 2)
                if not message:
                    return None
                log, pipe = files
                pid = os.fork()
                if not pid:
                    die_with_supervisor(server_pid)
                    channel.close()
                    _leave([*pipes, *(other for _, other in pipes.values())], log)
                    # said here and not by the server: by now its group can be signalled
                    _say(pipe, PID, os.getpid())
                    os.close(pipe)
                    return msgspec.json.decode(message, type=Order)
                os.close(log)
                handle = os.pidfd_open(pid)
                pipes[handle] = (pid, pipe)
                selector.register(handle, selectors.EVENT_READ)


def _leave(others: Sequence[int], log: int) -> None:
    """Leave the server's files and session behind; what is printed goes to the log."""
    os.setsid()
    for standard in (1, 2):
        os.dup2(log, standard)
    for handle in (log, *others):
        os.close(handle)


def _say(pipe: int, what: bytes, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, SAID.pack(what, number))


def _be_called(title: Sequence[str]) -> None:
    """Show these words in `ps`, where the server's own would stand: Linux reads them in our memory."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, "-".join(title).encode()[:15], 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    room = end - start - 1
    if start:
        text = "\0".join(title).encode()[:room]
        ctypes.memmove(start, text.ljust(room, b"\0"), room)


def main() -> None:
    """Serve; in a child, become what was ordered."""
    channel, supervisor_pid = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    die_with_supervisor(supervisor_pid)
    preload()
    order = serve(channel)
    if order is not None:
        replace_environment(order.environment)
        _be_called(order.title)
        sys.argv[:] = [order.module, *order.words]
        runpy.run_module(order.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
