"""All links drop and come back: no gap in what was accepted, nothing twice."""

from pathlib import Path

import numpy as np
import pytest

from steppe.bench.storm import Storm, gaps
from steppe.bench.world import World


def test_a_gap_and_a_repetition_are_seen() -> None:
    rows = np.array([[1, 1], [1, 2], [2, 1], [2, 3], [2, 3]])
    assert gaps(rows, 2) == {"stored": 5, "twice": 1, "gaps": 1, "heard": 2}


@pytest.mark.chaos_short
def test_after_a_storm_every_vehicle_has_every_number_once(tmp_path: Path) -> None:
    world = World(vehicles=600, singles=100, makers=10, measure_s=30)
    found = Storm(world, tmp_path / "storm").result()
    assert (found["links"], found["heard"]) == (110, 600)
    assert (found["gaps"], found["twice"]) == (0, 0)
    assert found["stored"] > 600 * 15
    assert found["allBackS"] < 30
