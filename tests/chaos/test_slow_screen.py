"""A screen on a line of 100 kB a second over 100,000 vehicles still gets a true picture."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from steppe.bench.machine import description
from tests.chaos.outcome import RESULTS
from tests.integration.fleet.live.test_slow_and_many import slow_line_shows_the_truth

type Eventually = Callable[..., Awaitable[Any]]

VEHICLES = 100_000
WITHIN_S = 120.0


@pytest.mark.chaos_long
async def test_a_slow_screen_holds_the_truth_of_a_whole_city(
    valkey_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    found = await slow_line_shows_the_truth(valkey_url, tmp_path, eventually, VEHICLES, WITHIN_S)
    RESULTS.mkdir(exist_ok=True)
    told = {"machine": description(), **found}
    (RESULTS / "slow-screen.json").write_text(json.dumps(told, indent=1) + "\n")
