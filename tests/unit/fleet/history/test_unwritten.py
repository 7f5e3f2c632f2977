"""What the archiver holds between two files, and what it takes to write one."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from fleet.history import memory
from fleet.history.files import RawFiles
from fleet.history.memory import Memory
from fleet.history.reading import History
from fleet.history.sweep import Selection
from fleet.history.unwritten import Unwritten
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from tests.history import T0, positions

VEHICLES: Final = 40_000
SECONDS: Final = 10
ROWS: Final = VEHICLES * SECONDS
ROW_BYTES: Final = STREAM_POSITION.itemsize
NO_STATUS: Final = np.zeros(0, STREAM_STATUS)


def read(second: int, vehicles: int = VEHICLES) -> list[Entry]:
    """Return what a second of vehicles is in the stream: 250 positions an entry."""
    at_ms = T0 + second * 1000
    return [
        Entry(
            at_ms + 900,
            positions(range(first, min(first + 250, vehicles + 1)), [at_ms], seq=second),
            NO_STATUS,
        )
        for first in range(1, vehicles + 1, 250)
    ]


def unwritten() -> Unwritten:
    found = Unwritten()
    for second in range(1, SECONDS + 1):
        found.add(read(second))
    return found


def most_bytes_a_row(work: Callable[[], object]) -> float:
    """Return the most that was taken at once while ``work`` ran, by row; numpy's arrays are counted."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / ROWS
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("longest", [1_000, 2_000_000], ids=["grows", "has room"])
def test_what_was_read_is_whole_and_in_its_order_however_often_it_is_asked_for(longest: int) -> None:
    reads = [read(second, vehicles=600) for second in (1, 2)]
    held = Unwritten(longest)
    for entries in (reads[0], [], reads[1]):
        held.add(entries)
    first, again = held.whole(), held.whole()
    entries = [*reads[0], *reads[1]]
    expected = np.concatenate([entry.positions for entry in entries])
    assert held.rows == len(expected) == 1_200
    for batch in (first, again):
        assert batch.positions.tobytes() == expected.tobytes()
        assert batch.received_ms.tolist() == [T0 + 1_900] * 600 + [T0 + 2_900] * 600
    held.add(read(3, vehicles=600))
    assert held.whole().positions["seq"].tolist() == [1] * 600 + [2] * 600 + [3] * 600
    held.clear()
    assert held.rows == len(held.whole().positions) == len(held.whole().received_ms) == 0


def test_when_positions_were_received_is_held_once_an_entry() -> None:
    held = Unwritten(ROWS)
    tracemalloc.start()
    try:
        for second in range(1, SECONDS + 1):
            held.add(read(second))
        entries = ROWS / 250
        assert tracemalloc.get_traced_memory()[0] - ROWS * ROW_BYTES < 150 * entries
    finally:
        tracemalloc.stop()


def test_a_vehicle_sent_twice_in_different_pieces_is_new_once() -> None:
    count = memory.SORTED_ROWS + 5
    records = np.zeros(count, STREAM_POSITION)
    records["vehicle_no"] = np.arange(count) % memory.SORTED_ROWS + 1
    records["measured_ms"], records["seq"] = T0, 7
    new, doubtful = Memory().sorted_out(records)
    assert new[: memory.SORTED_ROWS].all()
    assert not new[memory.SORTED_ROWS :].any()
    assert np.flatnonzero(doubtful).tolist() == list(range(memory.SORTED_ROWS, count))


def test_a_file_of_many_pieces_holds_every_position_by_vehicle_and_time(tmp_path: Path) -> None:
    files, (found, received_ms, status) = RawFiles(tmp_path), unwritten().whole()
    files.prepare()
    files.write(found, received_ms, status, {0: "1-0"}, T0 + 11_000)
    stored = np.concatenate(list(History(tmp_path).read(Selection(from_ms=T0, to_ms=T0 + 20_000))))
    order = np.lexsort((found["measured_ms"], found["vehicle_no"]))
    assert len(stored) == ROWS
    stored = stored[np.lexsort((stored["measured_ms"], stored["vehicle_no"]))]
    for name in ("vehicle_no", "seq", "measured_ms", "lat_e7"):
        assert np.array_equal(stored[name], found[name][order]), name
    assert np.array_equal(stored["received_ms"], received_ms[order])


def test_writing_a_file_takes_little_more_than_half_of_its_positions(tmp_path: Path) -> None:
    files, (found, received_ms, status) = RawFiles(tmp_path), unwritten().whole()
    files.prepare()
    write = partial(files.write, found, received_ms, status, {0: "1-0"}, T0 + 11_000)
    assert most_bytes_a_row(write) < ROW_BYTES * 0.6


def test_sorting_out_what_is_new_takes_less_than_a_second_copy_of_the_positions() -> None:
    found = unwritten().whole().positions
    assert most_bytes_a_row(partial(Memory().sorted_out, found)) < ROW_BYTES
