"""One person stops an area at once, two let it go, one alone only after waiting in vain: on real stores."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.configured import secret_keys
from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING, Principal, Reach
from core.auth.roles import Role
from core.auth.staff import StaffAccount, ensure_staff
from core.auth.staff_notices import staff_notices
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, IllegalTransition, Invalid, NotFound, Unavailable, VersionMismatch
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.privacy.encrypted import install_keys
from core.repeatable import Repeated
from core.settings import load
from fleet.area_stops.area_stop import SECOND_PERSON_WITHIN, AreaStop, Member
from fleet.area_stops.place_area_stop import AreaStopDesk, AreaWish
from fleet.area_stops.release_area_stop import Said, ask_release, break_glass, refuse_release, release
from fleet.area_stops.states import AreaOutcome, AreaStopState
from fleet.area_stops.store import AreaStopStore
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind, EmergencyStop
from fleet.links.wire.messages import Command as WireCommand
from fleet.telemetry.records import LIVE
from fleet.vehicles.directory import Directory
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle
from tests.integration.fleet.builders import a_principal, a_working_vehicle

FIRST = a_principal(Role.DISPATCHER, operator="op-a", districts=frozenset({"KB"}))
SECOND = a_principal(Role.SHIFT_LEAD, id=StaffId("staff-2"), name="班长二", operator="op-a",
                     districts=frozenset({"YJ"}))  # fmt: skip
STRANGER = a_principal(Role.SHIFT_LEAD, id=StaffId("staff-3"), operator="op-b")
AREA = '{"type":"Polygon","coordinates":[]}'


class Place:
    """A desk whose pushes are kept, and a fleet of three vehicles in KB."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.pushed: list[WireCommand] = []
        self.directory = Directory(database)

        async def push(command: WireCommand) -> int:
            self.pushed.append(command)
            return 1

        self.desk = AreaStopDesk(database, clock, self.directory, push)

    async def furnish(self, count: int = 3, **changes: Any) -> None:
        async with self.database.write() as tx:
            for number in range(1, count + 1):
                await a_working_vehicle(tx, number, **changes)
        await self.directory.refresh()

    async def stop(
        self, principal: Principal = FIRST, numbers: Sequence[int] = (1, 2, 3), key: str = "k", **changes: Any
    ) -> AreaStop:
        found = np.zeros(len(numbers), LIVE)
        found["vehicle_no"] = numbers
        wish = AreaWish(
            **{
                "area": AREA,
                "found": found,
                "kind": CommandKind.SAFE_STOP,
                "is_drill": False,
                "reason": "管道泄漏",
                **changes,
            }
        )
        repeated = Repeated(principal_key=f"staff:{principal.id}", idempotency_key=key, request_hash="h")
        answer = await self.desk.place(principal, wish, repeated, render)
        return await self.read(msgspec.json.decode(answer.body)["id"])

    async def read(self, area_stop_id: str, reach: Reach = EVERYTHING) -> AreaStop:
        async with self.database.read() as tx:
            return await AreaStopStore(tx).get(area_stop_id, reach)

    async def members(self, stop: AreaStop) -> list[Member]:
        async with self.database.read() as tx:
            return (await AreaStopStore(tx).members([stop.area_stop_id]))[stop.area_stop_id]

    async def vehicle(self, number: int) -> Vehicle:
        async with self.database.read() as tx:
            return await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)

    async def kinds(self, number: int) -> list[str]:
        async with self.database.read() as tx:
            found = await CommandStore(tx).of_vehicle(VehicleNo(number), EVERYTHING)
        return sorted(command.kind.value for command in found)

    async def say(
        self, saying: Any, stop: AreaStop, who: Principal, at: datetime | None = None, reason: str = "已排除"
    ) -> AreaStop:
        said = Said(
            area_stop_id=stop.area_stop_id,
            version=stop.version,
            reason=reason,
            at=at or self.clock.now(),
            wall=self.clock.wall(),
            rate=1.0,
        )
        async with self.database.write() as tx:
            moved: AreaStop = await saying(tx, who, said)
            return moved

    async def told(self) -> list[tuple[str, str]]:
        async with self.database.read() as tx:
            rows = await tx.execute(select(staff_notices.c.staff_id, staff_notices.c.reason))
            return sorted((row.staff_id, row.reason) for row in rows)

    async def person(self, name: str, role: Role, operator: str | None = None) -> Principal:
        account = StaffAccount(
            username=name,
            name=name,
            role=role,
            operator=None if operator is None else OperatorId(operator),
            password="a password of a test",
        )
        async with self.database.write() as tx:
            staff_id = await ensure_staff(tx, account, Passwords.quick(), at=self.clock.wall())
        return a_principal(role, id=staff_id, name=name, operator=operator)


def render(stop: AreaStop, members: Sequence[Member]) -> bytes:
    return msgspec.json.encode({"id": stop.area_stop_id, "vehicles": len(members)})


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path) -> None:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))


@pytest.fixture
async def place(database: Database, clock: Clock) -> Place:
    made = Place(database, clock)
    await made.furnish()
    return made


async def test_one_person_stops_every_vehicle_once_and_what_is_pushed_is_what_sql_keeps(place: Place) -> None:
    stop = await place.stop()
    again = await place.stop()
    assert again == stop
    assert await place.stop(numbers=()) == stop, "the vehicles have left: the answer is the same"
    assert (stop.state, stop.placed_by, stop.operators) == (AreaStopState.STANDING, "staff-1", ("op-a",))
    members = await place.members(stop)
    assert [member.vehicle_no for member in members] == [1, 2, 3]
    for member in members:
        vehicle = await place.vehicle(member.vehicle_no)
        assert vehicle.is_held_by_stop
        assert vehicle.stop_epoch == member.stop_epoch
        assert await place.kinds(member.vehicle_no) == ["safe_stop"]
    assert {command.command_id for command in place.pushed} == {member.command_id for member in members}
    assert {command.kind for command in place.pushed} == {CommandKind.SAFE_STOP}
    async with place.database.read() as tx:
        query = select(audit_entries.c.reason).where(audit_entries.c.action == "area_stop.placed")
        assert list((await tx.execute(query)).scalars()) == ["管道泄漏"]


async def test_the_stops_are_pushed_while_the_database_is_held_and_asking_again_records_them(
    sqlite_database: Database, clock: Clock
) -> None:
    place = Place(sqlite_database, clock)
    await place.furnish()
    async with sqlite_database.write():
        asking = asyncio.create_task(place.stop(kind=CommandKind.EMERGENCY_STOP))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if len(place.pushed) == 3:
                break
        assert len(place.pushed) == 3
        assert not asking.done()
    stop = await asking
    pushed = {command.vehicle_no: command.stop_epoch for command in place.pushed}
    assert pushed == {member.vehicle_no: member.stop_epoch for member in await place.members(stop)}


async def test_a_drill_stops_nobody_and_is_released_like_any_other(place: Place) -> None:
    stop = await place.stop(is_drill=True)
    assert place.pushed == []
    assert [await place.kinds(number) for number in (1, 2, 3)] == [[], [], []]
    released = await place.say(release, stop, SECOND)
    assert released.state is AreaStopState.RELEASED
    assert {member.outcome for member in await place.members(released)} == {AreaOutcome.RELEASED}
    assert [await place.kinds(number) for number in (1, 2, 3)] == [[], [], []]


async def test_vehicles_out_of_reach_are_not_stopped_and_an_area_without_any_is_refused(place: Place) -> None:
    for who in (STRANGER, a_principal(Role.DISPATCHER, operator="op-a", districts=frozenset({"YJ"}))):
        with pytest.raises(Conflict) as refused:
            await place.stop(who)
        assert refused.value.code == "no-vehicle-inside"
    assert place.pushed == []
    for changes, code in (
        ({"reason": " "}, "reason-missing"),
        ({"kind": CommandKind.PAUSE}, "invalid-input"),
    ):
        with pytest.raises(Invalid) as invalid:
            await place.stop(**changes)
        assert invalid.value.code == code


async def test_the_second_person_lets_go_what_this_stop_holds_wherever_he_is(place: Place) -> None:
    stop = await place.stop()
    later_stop = Wish(vehicle_no=VehicleNo(2), kind=CommandKind.EMERGENCY_STOP, body=EmergencyStop())
    async with place.database.write() as tx:
        await queue_command(tx, later_stop, at=place.clock.now(), rate=1.0)
        held = await VehicleStore(tx).get(VehicleNo(3), EVERYTHING)
        scene = msgspec.structs.replace(held, is_scene_held=True, version=held.version + 1)
        await VehicleStore(tx).save(held, scene)
    with pytest.raises(Conflict) as alone:
        await place.say(release, stop, FIRST)
    assert alone.value.code == "second-person-needed"
    with pytest.raises(NotFound):
        await place.say(release, stop, STRANGER)
    released = await place.say(release, stop, SECOND)
    assert (released.state, released.ended_by, released.is_glass_broken) == ("released", "staff-2", False)
    outcomes = {member.vehicle_no: member.outcome for member in await place.members(stop)}
    assert outcomes == {1: AreaOutcome.RELEASED, 2: AreaOutcome.OVERTAKEN, 3: AreaOutcome.SCENE_HOLD}
    assert await place.kinds(1) == ["release", "safe_stop"]
    assert await place.kinds(2) == ["emergency_stop", "safe_stop"]
    assert await place.kinds(3) == ["safe_stop"]
    assert [(await place.vehicle(number)).is_held_by_stop for number in (1, 2, 3)] == [False, True, True]
    with pytest.raises(IllegalTransition):
        await place.say(release, released, SECOND)


async def test_whoever_asks_breaks_the_glass_only_after_waiting_in_vain_and_the_city_is_told(
    place: Place,
) -> None:
    lead = await place.person("lead", Role.SHIFT_LEAD, "op-a")
    other = await place.person("other", Role.DISPATCHER, "op-a")
    await place.person("foreign", Role.SHIFT_LEAD, "op-b")
    officer = await place.person("officer", Role.DUTY_OFFICER)
    supervisor = await place.person("supervisor", Role.SUPERVISOR)
    stop = await place.stop(lead)
    assert await place.told() == [(officer.id, "placed")]
    asked = await place.say(ask_release, stop, lead)
    assert asked.glass_breaks_at == place.clock.now() + SECOND_PERSON_WITHIN
    whom = {staff_id for staff_id, reason in await place.told() if reason.startswith("asked")}
    assert whom == {other.id, officer.id}
    breaks_at = place.clock.now() + SECOND_PERSON_WITHIN
    for who, at in ((lead, breaks_at - timedelta(seconds=1)), (other, breaks_at)):
        with pytest.raises(Conflict) as refused:
            await place.say(break_glass, asked, who, at)
        assert refused.value.code == "second-person-needed"
    released = await place.say(break_glass, asked, lead, breaks_at, "无人应答")
    assert (released.state, released.is_glass_broken, released.end_reason) == ("released", True, "无人应答")
    assert await place.kinds(1) == ["release", "safe_stop"]
    broken = {staff_id for staff_id, reason in await place.told() if reason == "glass_broken"}
    assert broken == {officer.id, supervisor.id}


async def test_a_second_person_may_say_that_the_vehicles_stand_on(place: Place) -> None:
    stop = await place.stop()
    asked = await place.say(ask_release, stop, FIRST)
    refused = await place.say(refuse_release, asked, SECOND, reason="还有人在场")
    assert (refused.state, refused.asked_by, refused.asked_at) == (AreaStopState.STANDING, None, None)
    late = place.clock.now() + timedelta(hours=1)
    with pytest.raises(Conflict):
        await place.say(break_glass, refused, FIRST, late)
    with pytest.raises(VersionMismatch):
        await place.say(release, asked, SECOND)
    assert (await place.vehicle(1)).is_held_by_stop


async def test_of_two_who_release_at_once_one_does(place: Place) -> None:
    stop = await place.stop()
    third = a_principal(Role.DISPATCHER, id=StaffId("staff-4"), operator="op-a")
    both = await asyncio.gather(
        place.say(release, stop, SECOND), place.say(release, stop, third), return_exceptions=True
    )
    assert sum(isinstance(one, AreaStop) for one in both) == 1
    assert await place.kinds(1) == ["release", "safe_stop"]


async def test_what_concerns_another_company_is_not_there(place: Place) -> None:
    stop = await place.stop()
    with pytest.raises(NotFound):
        await place.read(stop.area_stop_id, Reach(operators=frozenset({OperatorId("op-b")})))
    elsewhere = Reach(operators=frozenset({OperatorId("op-a")}), districts=frozenset({DistrictCode("YJ")}))
    assert await place.read(stop.area_stop_id, elsewhere) == stop
    async with place.database.read() as tx:
        store = AreaStopStore(tx)
        since = place.clock.now() - timedelta(hours=1)
        assert [one.area_stop_id for one in await store.listed(elsewhere, over_since=since)] == [
            stop.area_stop_id
        ]
        assert await store.listed(Reach(operators=frozenset({OperatorId("op-b")})), over_since=since) == []


async def test_a_database_that_is_busy_is_told_apart_from_a_stop_that_was_not_sent(
    sqlite_database: Database, impatient_database: Database, clock: Clock
) -> None:
    place = Place(impatient_database, clock)
    await place.furnish()
    async with sqlite_database.write():
        with pytest.raises(Unavailable) as away:
            await place.stop()
    assert away.value.fields["sent_to_vehicles"] == 3
    stop = await place.stop()
    ids = {member.command_id for member in await place.members(stop)}
    assert {command.command_id for command in place.pushed} == ids
