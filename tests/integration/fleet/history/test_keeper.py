"""The keeper on real files and both databases: compaction, thinning for room, retention, legal holds."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from core.clock import moment_of_ms
from core.database import Database
from core.errors import Conflict
from core.ids import AlarmId, CommandId, DistrictCode, OperatorId, VehicleNo
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.alarms.store import AlarmStore
from fleet.commands.command import Command
from fleet.commands.store import CommandStore
from fleet.history.check import check
from fleet.history.files import RawFiles
from fleet.history.holds.hold import Hold
from fleet.history.holds.store import HoldStore
from fleet.history.hourly import HourFiles
from fleet.history.keeper import HistoryKeeper, KeeperOptions
from fleet.history.kept import HOUR_MS
from fleet.history.layout import POSITIONS
from fleet.history.ledger import Level
from fleet.history.retention import DAY_MS, Keeping
from fleet.history.sweep import hour_head
from fleet.links.wire.commands import CommandKind
from tests.conftest import SettableClock
from tests.history import HOUR, T0, Written, positions, read

MINUTE = 60_000
ROOM = Keeping()
NO_ROOM = Keeping(full_rate_bytes=1, full_rate_least_hours=3)
STANDING = 360
"""What is left of an hour of a vehicle that stands: one position in ten seconds."""


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Two hours of three vehicles that stand, then a word a day later."""
    written = Written(tmp_path / "history")
    written.minutes((1, 2, 3), T0, T0 + 2 * HOUR_MS, every_ms=10 * MINUTE)
    written.raw(positions((1,), (T0 + 24 * HOUR_MS,)), T0 + 24 * HOUR_MS)
    return written


class Shop:
    def __init__(self, database: Database, clock: SettableClock, written: Written) -> None:
        self.database = database
        self.clock = clock
        self.folder = written.folder

    async def turn(self, after_ms: int, keeping: Keeping = ROOM) -> None:
        self.clock.set(moment_of_ms(T0 + after_ms))
        options = KeeperOptions(settle_ms=15 * MINUTE, keeping=keeping, piece_rows=4_000)
        keeper = HistoryKeeper(self.database, self.clock, self.folder, options)
        assert await keeper.turn() is not None
        await keeper._lease.give_back()
        assert check(self.folder).complaints == ()

    def level(self, hour: int = HOUR) -> Level:
        return hour_head(HourFiles(self.folder, POSITIONS).newest()[hour].path)[0].level

    def kept(self, vehicle: int, from_ms: int = T0, to_ms: int = T0 + HOUR_MS - 1) -> int:
        return len(read(self.folder, from_ms, to_ms, vehicles=np.array([vehicle])))

    async def alarm(self, vehicle: int, raised_ms: int) -> None:
        alarm = Alarm(
            alarm_id=AlarmId(f"a-{vehicle}-{raised_ms}"),
            vehicle_no=VehicleNo(vehicle),
            kind=AlarmKind.OVERSPEED,
            severity=Severity.WARNING,
            dedup_key=f"{vehicle}:{raised_ms}",
            district=DistrictCode("KB"),
            operator=OperatorId("op-a"),
            raised_at=moment_of_ms(raised_ms),
            last_seen_at=moment_of_ms(raised_ms),
        )
        async with self.database.write() as tx:
            await AlarmStore(tx).add(alarm)

    async def stop(self, vehicle: int, issued_ms: int, kind: CommandKind) -> None:
        command = Command(
            command_id=CommandId(f"c-{vehicle}-{kind}"),
            vehicle_no=VehicleNo(vehicle),
            kind=kind,
            requester="staff-1",
            issued_at=moment_of_ms(issued_ms),
            expires_at=None,
        )
        async with self.database.write() as tx:
            await CommandStore(tx).add(command)

    async def hold(self, vehicle: int | None, from_ms: int, to_ms: int) -> None:
        hold = Hold(
            hold_id="h-1",
            vehicle_no=None if vehicle is None else VehicleNo(vehicle),
            from_at=moment_of_ms(from_ms),
            to_at=moment_of_ms(to_ms),
            reason="a case",
            about="case:1",
            placed_at=moment_of_ms(T0),
        )
        async with self.database.write() as tx:
            await HoldStore(tx).place(hold)

    async def release(self) -> None:
        async with self.database.write() as tx:
            await HoldStore(tx).release("case:1", at=self.clock.now())


@pytest.fixture
def shop(database: Database, clock: SettableClock, written: Written) -> Shop:
    return Shop(database, clock, written)


async def test_while_everything_fits_every_position_is_kept(shop: Shop) -> None:
    await shop.turn(89 * DAY_MS)
    assert shop.level() is Level.FULL
    assert [shop.kept(vehicle) for vehicle in (1, 2, 3)] == [3600] * 3
    assert len(RawFiles.all(shop.folder / "positions")) == 1


async def test_above_the_budget_hours_are_thinned_and_every_position_is_accounted_for(shop: Shop) -> None:
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert (shop.level(), shop.level(HOUR + 1)) == (Level.THINNED, Level.THINNED)
    assert [shop.kept(vehicle) for vehicle in (1, 2, 3)] == [STANDING] * 3
    report = check(shop.folder)
    assert report.totals.stored == report.in_raw + report.in_hours + sum(report.removed.values())
    assert report.removed == {"thinned-1": 2 * 3 * (3600 - STANDING)}


async def test_young_hours_are_not_thinned_for_room(shop: Shop) -> None:
    await shop.turn(4 * HOUR_MS + 20 * MINUTE, NO_ROOM)
    assert (shop.level(), shop.level(HOUR + 1)) == (Level.THINNED, Level.FULL)


async def test_five_minutes_around_an_alarm_stay_whole_for_its_vehicle(shop: Shop) -> None:
    at = T0 + 30 * MINUTE
    await shop.alarm(2, at)
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert shop.kept(2, at - 5 * MINUTE, at + 5 * MINUTE) == 601
    assert shop.kept(1, at - 5 * MINUTE, at + 5 * MINUTE) <= 62
    assert shop.kept(2) < 1000


async def test_an_alarm_at_the_end_of_an_hour_protects_the_begin_of_the_next(shop: Shop) -> None:
    await shop.alarm(2, T0 + HOUR_MS - 1000)
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert shop.kept(2, T0 + HOUR_MS, T0 + HOUR_MS + 4 * MINUTE - 1) == 240


@pytest.mark.parametrize(
    ("kind", "is_whole"),
    [(CommandKind.EMERGENCY_STOP, True), (CommandKind.SAFE_STOP, True), (CommandKind.SPEAK, False)],
)
async def test_five_minutes_around_a_stop_command_stay_whole(
    shop: Shop, kind: CommandKind, is_whole: bool
) -> None:
    at = T0 + 30 * MINUTE
    await shop.stop(3, at, kind)
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert (shop.kept(3, at - 5 * MINUTE, at + 5 * MINUTE) == 601) is is_whole


async def test_five_minutes_around_a_takeover_stay_whole(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    """A takeover is a change of the control mode, wherever it was decided."""
    written = Written(tmp_path / "history")
    driven = positions((4,), range(T0, T0 + HOUR_MS, 1000))
    driven["mode_flags"][1800:] = 2
    written.raw(driven, T0 + HOUR_MS)
    written.raw(positions((4,), (T0 + 2 * HOUR_MS,)), T0 + 2 * HOUR_MS)
    shop = Shop(database, clock, written)
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert shop.kept(4, T0 + 25 * MINUTE, T0 + 35 * MINUTE) == 601
    assert shop.kept(4) < 1000


async def test_a_legal_hold_outlasts_thinning_and_every_age_until_it_is_released(shop: Shop) -> None:
    await shop.hold(1, T0 + 20 * MINUTE, T0 + 40 * MINUTE)
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    assert shop.kept(1, T0 + 15 * MINUTE, T0 + 45 * MINUTE) == 1801
    await shop.turn(2000 * DAY_MS)
    assert shop.level() is Level.GONE
    assert (shop.kept(1), shop.kept(2)) == (1801, 0)
    await shop.release()
    await shop.turn(2000 * DAY_MS + MINUTE)
    assert shop.kept(1) == 0


async def test_each_class_is_kept_as_long_as_it_is_meant_to_be(shop: Shop) -> None:
    await shop.alarm(2, T0 + 30 * MINUTE)
    await shop.turn(91 * DAY_MS)
    assert (shop.level(), shop.kept(1)) == (Level.THINNED, STANDING)
    await shop.turn(366 * DAY_MS)
    assert (shop.level(), shop.kept(1), shop.kept(2)) == (Level.EVIDENCE, 0, 601)
    await shop.turn(1096 * DAY_MS)
    assert (shop.level(), shop.kept(2)) == (Level.GONE, 0)
    report = check(shop.folder)
    assert report.totals.stored == report.in_raw + sum(report.removed.values())


async def test_late_records_of_an_hour_that_is_thinned_are_thinned_with_it(
    shop: Shop, written: Written
) -> None:
    await shop.turn(6 * HOUR_MS, NO_ROOM)
    written.files.prepare()
    written.raw(positions((9,), range(T0, T0 + HOUR_MS, 1000)), T0 + 6 * HOUR_MS)
    written.raw(positions((9,), (T0 + 8 * HOUR_MS,)), T0 + 8 * HOUR_MS)
    assert shop.kept(9) == 3600
    await shop.turn(8 * HOUR_MS, NO_ROOM)
    assert shop.kept(9) == STANDING
    assert shop.kept(1) == STANDING


async def test_a_keeper_that_loses_its_lease_gives_up_and_changes_nothing(
    shop: Shop, written: Written
) -> None:
    shop.clock.set(moment_of_ms(T0 + 6 * HOUR_MS))
    keeper = HistoryKeeper(shop.database, shop.clock, shop.folder)
    with pytest.raises(Conflict, match="superseded"):
        keeper._positions.write(HOUR, RawFiles.all(shop.folder / "positions"))
    assert HourFiles(shop.folder, POSITIONS).all() == []
    assert len(read(shop.folder)) == len(written.everything)


async def test_of_two_keepers_one_works(shop: Shop) -> None:
    shop.clock.set(moment_of_ms(T0 + 6 * HOUR_MS))
    keepers = [
        HistoryKeeper(shop.database, shop.clock, shop.folder, name=f"keeper-{number}") for number in range(2)
    ]
    turns = await asyncio.gather(*(keeper.turn() for keeper in keepers))
    assert sorted(turn is None for turn in turns) == [False, True]
    assert check(shop.folder).complaints == ()


async def test_a_keeper_stops_when_it_is_told_to(shop: Shop) -> None:
    shop.clock.set(moment_of_ms(T0 + 6 * HOUR_MS))
    stop = asyncio.Event()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        stop.set()

    keeper = HistoryKeeper(shop.database, shop.clock, shop.folder, say=say)
    async with asyncio.timeout(10):
        await keeper.run(stop)
    assert "positions date=" in lines[0]
    assert check(shop.folder).complaints == ()
