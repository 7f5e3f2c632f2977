"""``steppe demo`` at a terminal: one a folder, Ctrl-C at any moment, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.errors import Conflict, Unavailable
from steppe.data_folder import held
from tests.e2e.demo_city import free_ports
from tests.integration.steppe.served import TINY

DEMO = (sys.executable, "-m", "steppe", "demo")


class Terminal:
    """A demo of the tiny city whose lines are read as they come."""

    def __init__(self, folder: Path) -> None:
        self.log = folder.with_suffix(".log")
        words = [*DEMO, f"--port={free_ports()}", f"--data-dir={folder}"]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                words,
                env={**os.environ, "STEPPE_CITY__PACK": str(TINY), "PYTHONUNBUFFERED": "1"},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.family = [psutil.Process(self.process.pid)]

    def wait_for(self, words: str, within_s: float = 120) -> None:
        """Wait until the demo says something."""
        deadline = time.monotonic() + within_s
        while words not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def press_ctrl_c(self, times: int = 1) -> int:
        """Interrupt it and return its exit code; remember everybody who was there before."""
        self.family = [self.family[0], *self.family[0].children(recursive=True)]
        for _ in range(times):
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def living(self) -> list[str]:
        """Return who of the demo still runs."""
        return [" ".join(one.cmdline()) for one in self.family if _lives(one)]


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def demo(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal(folder)
    try:
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.press_ctrl_c()


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [pytest.param("Valhalla (", marks=pytest.mark.thorough), "starting the processes"]
)
def test_ctrl_c_at_any_moment_ends_every_process_and_says_so(tmp_path: Path, said: str) -> None:
    with demo(tmp_path / "demo") as terminal:
        terminal.wait_for(said)
        code = terminal.press_ctrl_c(times=2)
        last = terminal.log.read_text()
        assert (code, terminal.living()) == (0, []), last
        assert last.endswith("stopped; `make demo` goes on from here\n")
        assert "Traceback" not in last
        # what had not begun when the key was pressed does not begin
        assert ("starting the processes" in last) == (said == "starting the processes")


def test_a_second_demo_of_one_folder_is_refused_by_name_and_harms_nobody(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as first:
        first.wait_for("starting the embedded Valkey")
        second = subprocess.run(
            [*DEMO, f"--port={free_ports()}", f"--data-dir={tmp_path / 'demo'}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr.startswith(f"steppe: conflict: Steppe runs in {tmp_path / 'demo'} already")
        assert f"(process {first.process.pid})" in second.stderr
        assert first.press_ctrl_c() == 0


def test_a_folder_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    program = "import sys, time; from pathlib import Path; from steppe.data_folder import held\n"
    program += "with held(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    words = [sys.executable, "-c", program, str(tmp_path / "data")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(Conflict, match=rf"process {holder.pid}\): stop it there"),
            held(tmp_path / "data"),
        ):
            pass
        holder.kill()
    with held(tmp_path / "data"):
        assert (tmp_path / "data" / "supervisor.lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_written_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(Unavailable, match="choose another folder with --data-dir"),
        held(tmp_path / "file" / "x"),
    ):
        pass
