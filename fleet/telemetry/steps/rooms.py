"""Live records by room: one message for each H3 parent cell in which something changed."""

import numpy as np
from numpy.typing import NDArray

from core import keys
from fleet.telemetry.records import LIVE, LiveKind, Records, joined, live_message
from fleet.telemetry.shown import shown_records
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import Tick
from geofences.cover import parents

ROOM_RESOLUTION = 5
"""About 250 km²; Ordos has 466 (architecture.md)."""


def room_name(cell: int) -> str:
    """Return the channel of a parent cell."""
    return keys.room(f"{cell:x}")


class RoomStep(Memoryless):
    """Leaves ``rooms``: encoded once a room, whoever listens. Who changes rooms is told to both.

    A vehicle stays in the room of its last looked-up point: at most 230 m away (``CalmCircles.knows``).
    """

    def apply(self, tick: Tick) -> None:
        """Move vehicles between rooms and encode what changed."""
        live = tick.live
        if len(tick.looked_up):
            last = tick.last_looked_up
            heard = tick.positions["vehicle_no"][tick.looked_up[last]]
            now_in = parents(tick.cells[last], ROOM_RESOLUTION)
            before = live.room[heard]
            moved = (before != now_in) & (before != 0)
            live.left_room[heard[moved]] = before[moved]
            live.room[heard] = now_in
        numbers = np.flatnonzero(live.changed)
        if not len(numbers):
            return
        records = shown_records(live.state[numbers])
        rooms = live.room[numbers]
        left = live.left_room[numbers]
        has_left = left != 0
        if has_left.any():
            records = joined((records, records[has_left]), LIVE)
            rooms = np.concatenate((rooms, left[has_left]))
            live.left_room[numbers[has_left]] = 0
        tick.rooms += _messages(tick, rooms, records)
        live.changed[numbers] = False


def _messages(tick: Tick, rooms: NDArray[np.uint64], records: Records) -> list[tuple[str, bytes]]:
    order = np.argsort(rooms, kind="stable")
    cells, starts = np.unique(rooms[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    ordered = records[order]
    return [
        (room_name(cell), live_message(LiveKind.DELTA, tick.number, tick.now_ms, ordered[start:end]))
        for cell, start, end in zip(cells.tolist(), starts.tolist(), ends.tolist(), strict=True)
        if cell
    ]
