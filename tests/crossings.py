"""Driving a Transitions through a square, for tests."""

from collections.abc import Sequence

import numpy as np

from geofences.batches import Batch
from geofences.events import FenceEvents
from geofences.transitions import Transitions
from tests.fences import KANGBASHI


def step(transitions: Transitions, *points: tuple[int, float, float], accuracy_m: float = 0.0) -> FenceEvents:
    """Judge (slot, second, metres east of the middle of the square) in one batch."""
    return transitions.step(*_batch(points, accuracy_m))


def ripen(
    transitions: Transitions, *points: tuple[int, float, float], accuracy_m: float = 0.0
) -> FenceEvents:
    """Judge what time has brought about of such points, which came past no border."""
    return transitions.ripen(_batch(points, accuracy_m))


def _batch(points: Sequence[tuple[int, float, float]], accuracy_m: float) -> Batch:
    slots = np.array([slot for slot, _, _ in points], np.int32)
    seconds = np.array([second for _, second, _ in points], np.float64)
    places = np.array([KANGBASHI.lat_lng(east, 0.0) for _, _, east in points])
    return Batch(
        slots,
        places[:, 0],
        places[:, 1],
        np.full(len(points), accuracy_m),
        (seconds * 1000).astype(np.int64),
        seconds.astype(np.int64),
    )


def pass_by(transitions: Transitions, *points: tuple[int, float, float]) -> None:
    """Let (slot, second, metres east of the middle of the square) pass in one batch."""
    places = np.array([KANGBASHI.lat_lng(east, 0.0) for _, _, east in points])
    transitions.pass_by(
        np.array([slot for slot, _, _ in points], np.int32),
        places[:, 0],
        places[:, 1],
        np.array([second * 1000 for _, second, _ in points], np.int64),
    )
