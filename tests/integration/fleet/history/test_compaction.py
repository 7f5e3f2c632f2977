"""Raw files become hours: nothing lost, nothing twice, whatever is killed between which steps."""

from pathlib import Path

import numpy as np
import pytest

from fleet.history.check import check
from fleet.history.compact import Compactor
from fleet.history.files import RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import BLOCK_MS, HOUR_MS, POSITIONS_READ
from fleet.history.layout import POSITIONS, STATUS
from fleet.history.reading import History
from fleet.history.sweep import Selection, hour_head, sweep
from fleet.links.wire.status import new_status
from fleet.telemetry.records import STREAM_STATUS
from tests.history import (
    HOUR,
    T0,
    Written,
    assert_whole,
    compact,
    compact_and_die,
    pairs,
    positions,
    read,
)

MINUTE = 60_000
LATER = T0 + HOUR_MS + 16 * MINUTE


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """An hour of four vehicles and the first ten minutes of the next."""
    written = Written(tmp_path)
    written.minutes((1, 2, 70, 300), T0, T0 + HOUR_MS + 10 * MINUTE)
    return written


def raw_left(written: Written) -> int:
    return len(RawFiles.all(written.files.positions))


def test_an_ended_hour_becomes_one_file_and_its_raw_files_go(written: Written) -> None:
    assert compact(written.folder, LATER) == [HOUR]
    assert [file.hour for file in HourFiles(written.folder, POSITIONS).all()] == [HOUR]
    assert raw_left(written) == 10
    assert_whole(written)


def test_an_hour_is_left_alone_until_a_quarter_of_an_hour_after_its_end(written: Written) -> None:
    assert compact(written.folder, T0 + HOUR_MS + 14 * MINUTE) == []
    assert raw_left(written) == 70


def test_a_block_of_an_hour_is_sorted_by_vehicle_and_time(written: Written) -> None:
    compact(written.folder, LATER)
    found = read(written.folder, T0, T0 + HOUR_MS - 1)
    order = np.lexsort((found["measured_ms"], found["vehicle_no"], found["measured_ms"] // BLOCK_MS))
    assert (order == np.arange(len(found))).all()


def test_a_position_keeps_every_field(tmp_path: Path) -> None:
    written = Written(tmp_path)
    said = positions(
        (5,), (T0 + 1000,), lat_e7=-12, lng_e7=1_100_000_001, speed_cm_s=812, heading_256=255,
        battery_200=199, mode_flags=0b1000_0010, accuracy_dm=17, seq=4_000_000_000,
    )  # fmt: skip
    written.raw(said, T0 + 2000)
    written.raw(positions((6,), (T0 + 3000,)), T0 + 4000)
    before = read(written.folder, vehicles=np.array([5]))
    compact(written.folder, LATER)
    after = read(written.folder, vehicles=np.array([5]))
    assert after.tobytes() == before.tobytes()
    assert {name: said[name][0] for name in POSITIONS_READ} == {
        name: after[name][0] for name in POSITIONS_READ
    }
    assert after["received_ms"][0] == T0 + 1050


@pytest.mark.parametrize(
    ("point", "after"),
    [
        ("before_hour_rename", 0),
        ("after_hour_rename", 0),
        ("after_raw_removed", 0),
        ("after_raw_removed", 30),
    ],
)
def test_a_kill_between_two_steps_loses_nothing_and_doubles_nothing(
    written: Written, point: str, after: int
) -> None:
    assert compact_and_die(written.folder, LATER, point, after) == -9
    assert_whole(written)
    compact(written.folder, LATER)
    assert raw_left(written) == 10
    assert_whole(written)


@pytest.mark.parametrize("point", ["before_hour_rename", "after_hour_rename", "after_old_hour_removed"])
def test_a_kill_while_late_records_are_merged_loses_nothing(written: Written, point: str) -> None:
    compact(written.folder, LATER)
    written.raw(positions((2, 9), range(T0 + 500, T0 + 300_000, 1000)), LATER)
    written.raw(positions((9,), (LATER + 1000,)), LATER + 2000)
    much_later = LATER + 2 * HOUR_MS
    assert compact_and_die(written.folder, much_later, point) == -9
    assert_whole(written)
    compact(written.folder, much_later)
    assert_whole(written)
    assert {file.hour: file.generation for file in HourFiles(written.folder, POSITIONS).all()}[HOUR] == 2


def test_what_a_radio_hole_held_back_joins_its_own_hour_at_the_next_run(written: Written) -> None:
    compact(written.folder, LATER)
    late = positions((42,), range(T0 + 60_000, T0 + 120_000, 1000))
    written.raw(late, LATER + MINUTE)
    assert len(read(written.folder, vehicles=np.array([42]))) == 60
    assert compact(written.folder, LATER + 20 * MINUTE) == [], "an hour is written anew once an hour at most"
    assert HOUR in compact(written.folder, LATER + 2 * HOUR_MS)
    found = read(written.folder, T0, T0 + HOUR_MS - 1, vehicles=np.array([42]))
    assert pairs(found) == pairs(late)
    ledger, _ = hour_head(HourFiles(written.folder, POSITIONS).newest()[HOUR].path)
    assert (ledger.generation, ledger.stored) == (2, 4 * 3600 + 60)
    assert_whole(written)


def test_a_position_that_was_stored_twice_is_counted_once(written: Written) -> None:
    again = positions((1,), range(T0 + 30_000, T0 + 40_000, 1000))
    written.raw(again, T0 + 50 * MINUTE + 7)
    assert len(read(written.folder)) == len(written.everything)
    compact(written.folder, LATER)
    assert len(read(written.folder)) == len(written.everything)
    report = check(written.folder)
    assert (report.complaints, report.again_in_hours) == ((), 10)


def test_a_reader_that_began_before_a_compaction_reads_each_position_once(written: Written) -> None:
    whole = Selection(from_ms=T0, to_ms=T0 + 2 * HOUR_MS)
    reading = History(written.folder).read(whole)
    parts = [next(reading)]
    compact(written.folder, LATER)
    parts += reading
    found = np.concatenate(parts)
    assert len(found) == len(written.everything)
    assert pairs(found) == written.everything


def test_the_check_names_the_raw_file_that_is_missing(written: Written) -> None:
    lost = sorted(RawFiles.all(written.files.positions))[4]
    lost.path.unlink()
    report = check(written.folder)
    assert not report.is_sound
    assert "240 positions that were stored are nowhere" in report.complaints[0]
    assert "the first gap is raw file 5" in report.complaints[0]


def test_the_check_sees_an_hour_file_that_was_exchanged(written: Written) -> None:
    compact(written.folder, LATER)
    HourFiles(written.folder, POSITIONS).newest()[HOUR].path.unlink()
    report = check(written.folder)
    assert "14400 positions that were stored are nowhere" in report.complaints[0]
    assert "the first gap is raw file 1" in report.complaints[0]


def test_the_check_says_which_numbers_of_a_vehicle_never_came(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.raw(positions((3,), (T0, T0 + 1000, T0 + 5000)), T0 + 6000)
    report = check(written.folder)
    assert report.is_sound
    assert report.seq_gaps == 3
    assert report.first_seq_gap is not None
    assert (report.first_seq_gap.vehicle_no, report.first_seq_gap.measured_ms) == (3, T0 + 5000)


def test_an_hour_without_room_on_the_disk_leaves_everything_as_it_was(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_stop() -> None:
        raise OSError(28, "No space left on device")

    compactor = Compactor(written.folder, POSITIONS, must_go_on=must_stop)
    with pytest.raises(OSError, match="No space left"):
        compactor.write(HOUR, compactor.due(LATER, 900_000)[HOUR])
    assert_whole(written)
    compact(written.folder, LATER)
    assert_whole(written)


def test_status_records_become_hours_with_every_byte(tmp_path: Path) -> None:
    written = Written(tmp_path)
    status = np.zeros(2, STREAM_STATUS)
    status["status"] = new_status(2)
    status["status"]["vehicle_no"], status["status"]["status_seq"] = (8, 7), (1, 2)
    status["status"]["software_version"] = (77, 78)
    status["measured_ms"] = T0 + 1000
    written.raw(positions((7,), (T0,)), T0 + 2000, status)
    written.raw(positions((7,), (T0 + 1000,)), T0 + 3000, status[:1])
    assert compact(written.folder, LATER, STATUS) == [HOUR]
    found = np.concatenate(
        list(History(written.folder, STATUS).read(Selection(from_ms=T0, to_ms=T0 + HOUR_MS)))
    )
    assert found["vehicle_no"].tolist() == [7, 8]
    assert [bytes(record) for record in found["record"]] == [
        status["status"][1].tobytes(), status["status"][0].tobytes()
    ]  # fmt: skip


def test_a_clock_far_ahead_does_not_keep_raw_files_for_ever(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.raw(positions((1,), (T0 + 1000 * HOUR_MS,)), T0)
    written.raw(positions((1,), (T0,)), T0 + 1000)
    assert compact(written.folder, T0 + 2 * HOUR_MS) == [HOUR]
    assert compact(written.folder, T0 + 30 * HOUR_MS) == [HOUR + 1000]
    assert raw_left(written) == 1


def test_many_vehicles_are_read_in_bounded_pieces_and_no_column_that_nobody_asked_for(tmp_path: Path) -> None:
    written = Written(tmp_path)
    for numbers in ((1, 2, 3), (4, 5, 6), (7, 8, 9)):
        written.minutes(numbers, T0, T0 + 2 * MINUTE)
    whole = read(tmp_path)
    wanted = Selection(
        from_ms=T0, to_ms=T0 + MINUTE, vehicles=np.array([2, 3, 5, 6, 8]), columns=("accuracy_dm",)
    )
    pieces = [records for records, _ in sweep(POSITIONS, History(tmp_path).sources, wanted, piece_rows=100)]
    expected = whole[wanted.holds(whole)]
    assert [sorted(set(piece["vehicle_no"].tolist())) for piece in pieces] == [[2, 3], [5, 6], [8]]
    for name in ("vehicle_no", "measured_ms", "lat_e7", "seq", "accuracy_dm"):
        assert np.concatenate(pieces)[name].tolist() == expected[name].tolist()
    assert pieces[0]["received_ms"].max() == 0 < expected["received_ms"].min()
