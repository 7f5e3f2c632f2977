"""A rehearsed evening of the tiny city over midnight: played by real processes, judged, its day closed."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo_city import ROOT, free_ports
from tests.integration.steppe.served import TINY

pytestmark = pytest.mark.xdist_group("rehearsal")

ENDS_WITHIN_S = 400.0
"""27 minutes at 20x are 80 s, loading 20 s, what is under way 30 s; the rest is for a busy machine."""
DAY = date(2026, 12, 1)
SCENARIO = """
name_zh = "短夜"
name_en = "Short night"
orders_per_day = 1200
[[air]]
at = "23:45"
air_c = -10.0
[[air]]
at = "00:30"
air_c = -14.0
"""


class Evening:
    """A rehearsal that is over, asked by the city's own commands."""

    def __init__(self, folder: Path, said: str, code: int) -> None:
        self.folder, self.said, self.code = folder, said, code
        self._env = _environment(folder)

    def ask(self, *words: str) -> Any:
        """Return what a command prints as JSON."""
        command = [sys.executable, "-m", "steppe", *words, "--json"]
        answer = subprocess.run(
            command, capture_output=True, text=True, env=self._env, timeout=60, check=True
        )
        return json.loads(answer.stdout)


def _environment(folder: Path) -> dict[str, str]:
    own = {"STEPPE_ENVIRONMENT": "demo", "STEPPE_DATA_DIR": str(folder), "STEPPE_CITY__PACK": str(TINY)}
    return {**os.environ, **own}


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    folder = tmp_path_factory.mktemp("rehearsal") / "city"
    scenario = folder.with_name("short.toml")
    scenario.write_text(SCENARIO)
    words = (
        "--hours=0.45",
        "--starts-at=23:45",
        "--rate=20",
        f"--port={free_ports()}",
        f"--data-dir={folder}",
    )
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "steppe",
            "rehearse",
            f"--day={DAY}",
            f"--scenario={scenario}",
            f"--data-dir={folder}",
            *words,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_S,
        env=_environment(folder),
        check=False,
    )
    return Evening(folder, run.stdout + run.stderr, run.returncode)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_rehearsal_plays_the_day_and_says_what_it_found(evening: Evening) -> None:
    report = json.loads((evening.folder / "report" / "report.json").read_text())
    met = {check["name"]: check["is_met"] for check in report["checks"]}
    assert met["the books balance"], evening.said
    assert met["no vehicle is stranded"], evening.said
    assert met["every day that ended is closed"], evening.said
    assert evening.code == (0 if all(met.values()) else 1), evening.said
    samples = [json.loads(line) for line in (evening.folder / "samples.jsonl").read_text().splitlines()]
    assert samples[-1]["outside_c"] == pytest.approx(-13, abs=1.5), "the vehicles feel the scenario's cold"
    assert any(sample["working"] for sample in samples), evening.said
    assert "<svg" in (evening.folder / "report" / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.thorough
def test_a_day_that_ends_is_closed_and_agrees_with_the_history(evening: Evening) -> None:
    rows = evening.ask("days", "show", str(DAY))
    numbers = [str(row["body"]["vehicle_no"]) for row in rows]
    span = (f"{DAY}T00:00:00+08:00", f"{DAY + timedelta(days=1)}T00:00:00+08:00")
    summaries = evening.ask("history", "summary", *numbers, "--from", span[0], "--to", span[1])
    driven = {row["body"]["vehicle_no"]: sum(part["metres"] for part in row["body"]["parts"]) for row in rows}
    told = {one["vehicleNo"]: one["distanceM"] for one in summaries}
    assert driven == pytest.approx(told, rel=0.01, abs=5)
    assert sum(driven.values()) > 100
    assert {row["revision"] for row in rows} == {1}


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = subprocess.run(
        [sys.executable, "-m", "steppe", "rehearse", "--day=2026-12-01", f"--data-dir={tmp_path}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "holds something" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
