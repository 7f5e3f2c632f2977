"""A demo city for the browser: ``python -m steppe demo`` in a folder and on ports of its own."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
RATE = 10
"""City seconds a second: a delivery of a quarter of an hour takes a minute and a half."""
READY_WITHIN_S = 300.0
"""The first load builds roads and routing tiles: 20 s alone on two cores, minutes beside other work."""
PORTS_TAKEN = (0, 10, 20, 21, 22, 23, 30)
"""The ports that a demo takes, counted from its first."""


@dataclass(frozen=True)
class DemoCity:
    """A running demo and the log-ins that it handed out."""

    url: str
    folder: Path
    pid: int | None = None
    """Of its supervisor; None for one that somebody else started."""

    def account(self, username: str) -> dict[str, Any]:
        """Return name, password and TOTP seed of a staff account."""
        return next(one for one in self._staff() if one["username"] == username)

    def usernames(self) -> list[str]:
        """Return every staff account."""
        return [one["username"] for one in self._staff()]

    def maker(self) -> dict[str, str]:
        """Return name, key id and secret of the first maker."""
        issued: dict[str, list[dict[str, str]]] = json.loads((self.folder / "issued.json").read_text())
        return issued["makers"][0]

    @property
    def gateway(self) -> str:
        """The address to which vehicles report: the demo's first port and ten."""
        host, _, port = self.url.rpartition(":")
        return f"{host}:{int(port) + 10}"

    def kill(self, name: str) -> None:
        """Kill one process of the demo with -9, as ``api``; its supervisor starts it again."""
        if self.pid is None:
            pytest.skip("a demo that somebody else started is not killed")
        family = psutil.Process(self.pid).children(recursive=True)
        found = [one for one in family if name in one.cmdline()]
        assert len(found) == 1, found
        found[0].kill()

    def _staff(self) -> list[dict[str, Any]]:
        issued: dict[str, list[dict[str, Any]]] = json.loads((self.folder / "issued.json").read_text())
        return issued["staff"]


@contextmanager
def running_demo(folder: Path, *words: str) -> Iterator[DemoCity]:
    """Run a demo until the block ends; it is stopped as a person would, with Ctrl-C."""
    port = free_ports()
    log = folder / "demo.log"
    folder.mkdir(parents=True, exist_ok=True)
    for made in _made:
        shutil.copytree(made, folder / made.name, symlinks=True)
    command = [
        sys.executable,
        "-m",
        "steppe",
        "demo",
        f"--rate={RATE}",
        f"--port={port}",
        f"--data-dir={folder}",
    ]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, *words], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, text=True
        )
    try:
        _await_ready(process, log)
        if not _made:
            _made.extend(_copies(folder))
        yield DemoCity(url=f"http://127.0.0.1:{port}", folder=folder, pid=process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_made: list[Path] = []
"""Roads and routing tiles of the first demo of a session: a second is spared from making the same."""


def _copies(folder: Path) -> list[Path]:
    kept = Path(tempfile.mkdtemp(prefix="steppe-e2e-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    return [shutil.copytree(folder / name, kept / name, symlinks=True) for name in ("city", "routing")]


def _await_ready(process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while "Ctrl-C stops" not in log.read_text():
        assert process.poll() is None, f"the demo ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the demo is not ready:\n{log.read_text()}"
        time.sleep(0.5)


def free_ports() -> int:
    """Return a first port with every port free that a demo takes."""
    for first in range(21_000 + os.getpid() % 97 * 100, 60_000, 100):
        if all(_is_free(first + offset) for offset in PORTS_TAKEN):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
