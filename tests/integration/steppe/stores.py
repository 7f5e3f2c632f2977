"""A Valkey of one's own that may be killed: other tests of the same process share the fixture's."""

import subprocess
import time
from pathlib import Path
from typing import Self

import redis

from core.valkey import find_binary


class OwnValkey:
    """A server on a unix socket in a folder; nothing of it is kept."""

    def __init__(self, folder: Path) -> None:
        """Take an existing folder with a short path (108 bytes are all that a socket's address may have)."""
        self._folder = folder
        self._socket = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address, the same over every start."""
        return f"unix://{self._socket}?db=0"

    def start(self, within_s: float = 20) -> Self:
        """Start and wait until it answers."""
        words = [str(find_binary()), "--port", "0", "--unixsocket", str(self._socket)]
        words += ["--dir", str(self._folder), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return self
            except redis.ConnectionError:
                time.sleep(0.02)
        raise AssertionError("the test's own Valkey did not start")

    def kill(self) -> None:
        """End it as a power cut of its machine would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
