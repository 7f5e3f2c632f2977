"""Blobs in turn: nobody's is older than a round, and in a city no tick writes them all."""

import pytest

from fleet.telemetry.blobs import CITY, CITY_ROUND_S, ROUND_S, STORM_ROUND_S, BlobTurns

OWNED = range(32)


def written(
    vehicles: int, *, is_storm: bool = False, tick_s: float, seconds: float
) -> list[tuple[float, list[int]]]:
    turns = BlobTurns()
    ticks = [number * tick_s for number in range(round(seconds / tick_s))]
    return [(now, turns.due(OWNED, now, vehicles=vehicles, is_storm=is_storm)) for now in ticks]


@pytest.mark.parametrize(
    ("vehicles", "is_storm", "round_s"),
    [
        (100, False, ROUND_S),
        (CITY, False, CITY_ROUND_S),
        (CITY, True, STORM_ROUND_S),
        (100, True, STORM_ROUND_S),
    ],
)
@pytest.mark.parametrize("tick_s", [0.08, 0.3, 1.7])
def test_every_blob_is_written_once_a_round(
    vehicles: int, is_storm: bool, round_s: float, tick_s: float
) -> None:
    last = dict.fromkeys(OWNED, 0.0)
    for now, due in written(vehicles, is_storm=is_storm, tick_s=tick_s, seconds=30):
        for partition in due:
            assert now - last[partition] <= round_s + 2 * tick_s
            last[partition] = now
    assert min(last.values()) >= 30 - round_s - 2 * tick_s


def test_city_writes_a_few_blobs_at_a_time() -> None:
    shares = [due for _, due in written(CITY, tick_s=0.08, seconds=30) if due][1:]
    assert max(map(len, shares)) <= 4
    assert sum(map(len, shares)) <= 32 * 30 / CITY_ROUND_S * 1.2


def test_partition_that_was_gained_is_written_first() -> None:
    turns = BlobTurns()
    turns.due(range(8), 0.0, vehicles=CITY, is_storm=False)
    assert 20 in turns.due([*range(8), 20], 0.3, vehicles=CITY, is_storm=False)
