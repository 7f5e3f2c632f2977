"""Dying on purpose, at a named place."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import crashpoints

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from core import crashpoints
crashpoints.arm(sys.argv[1] or None, int(sys.argv[2]))
for n in range(3):
    crashpoints.reach("before_ack")
    crashpoints.reach("after_commit")
    print(n, flush=True)
"""


def run(point: str, after: int) -> tuple[int, str]:
    words = [sys.executable, "-c", PROGRAM, point, str(after)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_an_armed_point_kills_without_clean_up_after_the_passes_it_was_given() -> None:
    assert run("after_commit", 0) == (-signal.SIGKILL, "")
    assert run("after_commit", 2) == (-signal.SIGKILL, "0\n1\n")


def test_nothing_happens_unless_armed() -> None:
    assert run("", 0) == (0, "0\n1\n2\n")
    assert run("before_rename", 0) == (0, "0\n1\n2\n")


def test_an_unknown_point_is_refused() -> None:
    with pytest.raises(ValueError, match="not a crash point"):
        crashpoints.arm("after_lunch")
