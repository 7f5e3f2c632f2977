"""``steppe bench telemetry`` as a user types it, on a small world."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.thorough
def test_a_small_city_is_measured_and_nothing_but_the_result_is_on_stdout(tmp_path: Path) -> None:
    words = [
        *(sys.executable, "-m", "steppe", "bench", "telemetry", "--json"),
        *("--vehicles", "300", "--links", "3", "--frame", "50", "--singles", "20", "--fences", "30"),
        *("--dashboards", "2", "--seconds", "3", "--warm", "1.5", "--keep", "kept.json"),
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == json.loads((tmp_path / "kept.json").read_text())
    assert result["world"] == {
        "vehicles": 300, "hz": 1.0, "links": 3, "framePositions": 50, "singles": 20, "fences": 30,
        "dashboards": 2,
    }  # fmt: skip
    processes = {"valkey", "gateway", "tracker", "archiver", "api", "load"}
    # In the demo's way, where one process can be forked from another.
    assert set(result["coreShare"]) - {"fork server"} == processes
    assert result["refused"] == 0
    assert result["seenRatio"] > 0.5
    assert result["tracker"]["ticks"] > 5
    assert result["serversMb"] > 100
    assert result["bars"] == {}


def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "steppe", "bench", "telemetry", "--vehicles", "5", "--singles", "6"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--singles 6 is more than --vehicles 5" in done.stderr
