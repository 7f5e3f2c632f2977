"""Processes of one machine are forked from one that has loaded what they share."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.settings import process_environment
from steppe.forking import Forked, ForkServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

type Patience = Callable[..., Awaitable[Any]]
STAYS = ("http.server", ("--bind", "127.0.0.1", "0"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    server = ForkServer(process_environment(), tmp_path / "fork-server.log")
    server.ensure()
    yield server
    server.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


def forked(server: ForkServer, log: Path, module: str, *words: str, **environment: str) -> Forked:
    return server.fork(module, words, {**process_environment(), **environment}, log)


def pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def test_a_command_of_ours_runs_to_its_end_and_writes_to_its_log(server: ForkServer, log: Path) -> None:
    assert forked(server, log, "steppe", "--version").wait(30) == 0
    assert "version" in log.read_text()


def test_exit_codes_and_environments_are_each_ones_own(server: ForkServer, log: Path) -> None:
    wrong = forked(server, log, "steppe", "tracker", STEPPE_TRACKER__PARTITIONS="many")
    unknown = forked(server, log, "steppe", "no-such-command")
    assert [wrong.wait(30), unknown.wait(30)] == [1, 2]
    assert "STEPPE_TRACKER__PARTITIONS" in log.read_text()
    assert forked(server, log, "steppe", "--version").wait(30) == 0


async def test_a_child_is_named_in_ps_and_leads_its_own_group(
    server: ForkServer, log: Path, eventually: Patience
) -> None:
    module, words = STAYS
    child = forked(server, log, module, *words)
    process = psutil.Process(child.pid)
    assert process.ppid() == server.process.pid
    assert os.getpgid(child.pid) == child.pid
    await eventually(lambda: "Serving" in log.read_text())
    assert process.cmdline()[:2] == ["http", "--bind"]
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == -signal.SIGTERM


async def test_what_is_loaded_is_there_once(server: ForkServer, log: Path, eventually: Patience) -> None:
    module, words = STAYS
    children = [forked(server, log, module, *words) for _ in range(3)]
    await eventually(lambda: log.read_text().count("Serving") == len(children))
    alone = psutil.Process(server.process.pid).memory_info().rss / 2**20
    together = sum(pss_mb(pid) for pid in (server.process.pid, *(child.pid for child in children)))
    assert together < 1.5 * alone
    for child in children:
        child.kill()


async def test_a_killed_server_takes_its_children_along_and_another_starts(
    server: ForkServer, log: Path, eventually: Patience
) -> None:
    module, words = STAYS
    child = forked(server, log, module, *words)
    process = psutil.Process(child.pid)
    server.process.kill()
    assert child.wait(10) != 0
    await eventually(lambda: not process.is_running())
    with pytest.raises(ConnectionError):
        forked(server, log, "steppe", "--version")
    server.ensure()
    assert forked(server, log, "steppe", "--version").wait(30) == 0


def test_one_that_is_waited_for_too_briefly_goes_on(server: ForkServer, log: Path) -> None:
    module, words = STAYS
    child = forked(server, log, module, *words)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.05)
    assert child.poll() is None
    child.kill()
    assert child.wait(10) == -signal.SIGKILL
