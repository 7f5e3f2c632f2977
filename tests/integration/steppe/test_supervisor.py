"""What the supervisor promises about processes, tried with real ones."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil

from steppe.supervisor import ChildSpec, Supervisor

type Patience = Callable[..., Awaitable[Any]]
SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


def _sleeper(name: str) -> ChildSpec:
    return ChildSpec(name=name, words=(), program=SLEEPER)


async def test_stop_leaves_no_process_not_even_a_grandchild(tmp_path: Path, eventually: Patience) -> None:
    with_child = f"import subprocess, time; subprocess.Popen({list(SLEEPER)!r}); time.sleep(600)"
    parent = ChildSpec(name="parent", words=(), program=(sys.executable, "-c", with_child))
    stop = asyncio.Event()
    supervisor = Supervisor([parent], environment=dict(os.environ), log_dir=tmp_path, say=lambda _: None)
    running = asyncio.create_task(supervisor.run(stop))
    await eventually(
        lambda: supervisor.pids() and len(psutil.Process(supervisor.pids()["parent"]).children()) == 1
    )
    family = [psutil.Process(supervisor.pids()["parent"])]
    family += family[0].children()
    stop.set()
    await running
    await eventually(lambda: not any(_lives(member) for member in family))


async def test_child_that_was_killed_is_started_again(tmp_path: Path, eventually: Patience) -> None:
    stop = asyncio.Event()
    said: list[str] = []
    supervisor = Supervisor([_sleeper("one")], environment={}, log_dir=tmp_path, say=said.append)
    running = asyncio.create_task(supervisor.run(stop))
    await eventually(lambda: "one" in supervisor.pids())
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: supervisor.pids().get("one", first) != first)
    assert any("one ended with -9" in line for line in said)
    stop.set()
    await running


async def test_a_command_of_ours_is_started_again_too(tmp_path: Path, eventually: Patience) -> None:
    stop = asyncio.Event()
    said: list[str] = []
    spec = ChildSpec(name="brief", words=("--version",), environment={"LANG": "C.UTF-8"})
    supervisor = Supervisor([spec], environment=dict(os.environ), log_dir=tmp_path, say=said.append)
    running = asyncio.create_task(supervisor.run(stop))
    await eventually(lambda: sum("brief ended with 0" in line for line in said) == 2, within=30)
    assert (tmp_path / "brief.log").read_text().count("version") == 2
    stop.set()
    await running


async def test_killed_supervisor_takes_its_children_along(tmp_path: Path, eventually: Patience) -> None:
    program = textwrap.dedent("""
        import asyncio, sys, pathlib
        from steppe.supervisor import ChildSpec, Supervisor, steppe_program
        sleeper = ("import sys, time; from steppe.supervisor import die_with_supervisor;"
                   " die_with_supervisor(int(sys.argv[-1])); time.sleep(600)")
        program = (sys.executable, "-c", sleeper, steppe_program()[-1])
        spec = ChildSpec(name="child", words=(), program=program)
        supervisor = Supervisor([spec], environment={}, log_dir=pathlib.Path(sys.argv[1]), say=print)
        async def main():
            asyncio.get_running_loop().call_later(1.5, lambda: print(supervisor.pids()["child"], flush=True))
            await supervisor.run(asyncio.Event())
        asyncio.run(main())
    """)
    supervisor = subprocess.Popen(  # noqa: ASYNC220 - it must be killable from outside
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    child = psutil.Process(int(supervisor.stdout.readline()))
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    await eventually(lambda: not _lives(child))


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
