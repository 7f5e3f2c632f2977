"""Starts processes that share what they have loaded: the side of who orders them (docs/operations.md).

Python, numpy, SQLAlchemy and the web framework are 60 to 80 MB of every process, most of it never written to.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Final

import msgspec

SAID: Final = Struct("<cq")
"""What the server and its children say: PID or ENDED, and the number."""
PID: Final = b"p"
ENDED: Final = b"e"
ROOM_FOR_A_TITLE: Final = "-" * 200
"""A word that says nothing: children write into its place what they are called."""


class Forked:
    """A process forked for us: not our child, but spoken of like one (``subprocess.Popen``)."""

    def __init__(self, pid: int, said: int) -> None:
        """Take the pid and the pipe on which its exit code will come."""
        self.pid = pid
        self.returncode: int | None = None
        self._said = said

    def __repr__(self) -> str:
        return f"Forked({self.pid}, returncode={self.returncode})"

    def fileno(self) -> int:
        """Return what becomes readable when the process has ended."""
        return self._said

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._said], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._said], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            self._read()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it SIGKILL unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _read(self) -> None:
        said = os.read(self._said, SAID.size)
        # A server that died takes its children along: the kernel sends them SIGTERM.
        self.returncode = SAID.unpack(said)[1] if said else -signal.SIGTERM
        os.close(self._said)


class ForkServer:
    """The process that others are forked from; started at the first need and again if it died."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        """Take its environment and where it writes, should it have something to say."""
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    @staticmethod
    def is_possible() -> bool:
        """Say whether processes can be forked here: on Linux."""
        return sys.platform == "linux" and hasattr(os, "pidfd_open")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The server; call ``ensure`` before."""
        assert self._process is not None
        return self._process

    def ensure(self) -> None:
        """Start the server unless it runs. Call it in the main thread: the server ends with the thread."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = ("-m", "steppe.fork_server", str(theirs.fileno()), str(os.getpid()), ROOM_FOR_A_TITLE)
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a module of ours
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        self._channel = ours

    def fork(self, module: str, words: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Run ``python -m MODULE WORDS``; waits while the server still loads. Raises OSError if it died."""
        assert self._channel is not None, "ensure() comes first"
        order = {
            "module": module,
            "words": list(words),
            "title": [module.partition(".")[0], *words],
            "environment": dict(environment),
        }
        said, to_say = os.pipe()
        try:
            with log.open("ab") as out:
                socket.send_fds(self._channel, [msgspec.json.encode(order)], [out.fileno(), to_say])
        except OSError:
            os.close(said)
            raise
        finally:
            os.close(to_say)
        first = os.read(said, SAID.size)
        what, number = SAID.unpack(first) if first else (b"", 0)
        if what != PID:
            os.close(said)
            raise ConnectionResetError(f"the fork server or the child ended at once: see {self._log}")
        return Forked(number, said)

    def close(self) -> None:
        """End the server, and with it whoever of its children still lives."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.wait()
            self._process = None
