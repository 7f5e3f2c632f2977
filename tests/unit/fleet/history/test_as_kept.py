"""A kept position is the stream's, field by field, with the time at which the city received it."""

import numpy as np

from fleet.history.kept import HISTORY, POSITIONS_READ, as_kept
from fleet.telemetry.records import STREAM_POSITION


def test_every_field_of_a_position_is_kept() -> None:
    random = np.random.default_rng(3)
    positions = np.frombuffer(random.bytes(500 * STREAM_POSITION.itemsize), STREAM_POSITION)
    received_ms = random.integers(0, 2**40, 500)
    for some in (positions, positions[::3], positions[:0]):
        kept = as_kept(some, received_ms[: len(some)])
        assert kept.dtype == HISTORY
        assert {name: kept[name].tolist() for name in POSITIONS_READ} == {
            name: some[name].tolist() for name in POSITIONS_READ
        }
        assert kept["received_ms"].tolist() == received_ms[: len(some)].tolist()
