"""A day that ends in a running demo: closed by itself, its rows as the history's own summaries say."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.clock import Clock
from tests.e2e.demo_city import running_demo
from tests.integration.steppe.served import TINY

CLOSED_WITHIN_S = 300.0
"""At 20x from 23:30, loading included, midnight comes after 90 s and closing 15 s later; times three."""
RATE = 20


class Night:
    """A demo of the tiny city over midnight, asked by its own commands."""

    def __init__(self, folder: Path) -> None:
        self.env = {**os.environ, "STEPPE_ENVIRONMENT": "demo", "STEPPE_DATA_DIR": str(folder)}
        self.day: date = Clock.real().wall().astimezone(ZoneInfo("Asia/Shanghai")).date()

    def ask(self, *words: str) -> Any:
        """Return what a command prints as JSON, None when it has nothing yet."""
        said = subprocess.run(
            [sys.executable, "-m", "steppe", *words, "--json"],
            capture_output=True, text=True, env=self.env, timeout=60, check=False,
        )  # fmt: skip
        return json.loads(said.stdout) if said.returncode == 0 else None

    def rows(self) -> list[dict[str, Any]]:
        """Return the day's rows once it is closed."""
        deadline = time.monotonic() + CLOSED_WITHIN_S
        while (rows := self.ask("days", "show", str(self.day))) is None:
            assert time.monotonic() < deadline, "the day was not closed"
            time.sleep(1.0)
        found: list[dict[str, Any]] = rows
        return found

    def summaries(self, numbers: list[str]) -> dict[int, dict[str, Any]]:
        """Return what the history says of vehicles on that day."""
        span = (f"{self.day}T00:00:00+08:00", f"{self.day + timedelta(days=1)}T00:00:00+08:00")
        found = self.ask("history", "summary", *numbers, "--from", span[0], "--to", span[1])
        return {one["vehicleNo"]: one for one in found}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night") / "city"
    words = (f"--rate={RATE}", "--starts-at=23:30", "--no-residents")
    found = Night(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEPPE_CITY__PACK", str(TINY))
        with running_demo(folder, *words):
            yield found


@pytest.mark.slow
def test_a_day_that_ends_is_closed_and_agrees_with_the_history(night: Night) -> None:
    rows = night.rows()
    summaries = night.summaries([str(row["body"]["vehicle_no"]) for row in rows])
    driven = {row["body"]["vehicle_no"]: sum(part["metres"] for part in row["body"]["parts"]) for row in rows}
    assert driven == pytest.approx({no: one["distanceM"] for no, one in summaries.items()}, rel=0.01, abs=5)
    assert sum(driven.values()) > 100
    assert {row["revision"] for row in rows} == {1}
