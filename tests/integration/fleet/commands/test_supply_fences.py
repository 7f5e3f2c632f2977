"""Every vehicle is brought the fence set in force, and nobody is sent an empty one."""

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, FenceId, VehicleNo
from core.kinds import ServiceKind
from core.redis import connect
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.commands.sign_fences import FenceSigner
from fleet.commands.store import CommandStore
from fleet.commands.supply_fences import FenceSupply
from fleet.links.wire.commands import CommandKind, UpdateFences
from fleet.links.wire.fence_hours import WireHours, WireSpan
from fleet.vehicles.last_heard import LastHeard
from geofences import shapes
from geofences.fences import FenceDraft, FenceHours, FenceKind, FenceRules, HourSpan
from geofences.publishing import sync_fences
from geofences.watch import FenceWatch
from simulator.issued import GivenVehicle
from simulator.vehicles.fence_signature import is_signed
from tests.integration.fleet.builders import AT, heard, working_vehicles

SIGNER = FenceSigner("the audit key of a test")
ONE, TWO = VehicleNo(1), VehicleNo(2)


def a_vehicle(vehicle_no: int, fence_key: str) -> GivenVehicle:
    return GivenVehicle(
        vehicle_no=vehicle_no, code="", maker="m", service="delivery", district="KB", lat=39.6, lng=109.78,
        keypad_key="00", fence_key=fence_key,
    )  # fmt: skip


class Said:
    """What vehicles last said, as a test wants it."""

    def __init__(self, *states: LastHeard) -> None:
        self.states = states

    async def behind(self, set_version: int) -> list[VehicleNo]:
        return [state.vehicle_no for state in self.states if state.fence_set_version != set_version]


def _fence(name: str, **changes: object) -> FenceDraft:
    draft = FenceDraft(
        fence_id=FenceId(name),
        kind=FenceKind.NO_GO,
        name_zh=name,
        name_en=name,
        area=shapes.rectangle(39.6, 109.78, 200, 100),
        district=DistrictCode("KB"),
        rules=FenceRules(no_entry=True),
        source="test",
    )
    return msgspec.structs.replace(draft, **changes)


async def _supply(database: Database, valkey_url: str, clock: Clock, said: Said) -> FenceSupply:
    watch = FenceWatch(database, connect(valkey_url), clock)
    await watch.load()
    return FenceSupply(database, said, clock, watch, SIGNER)


async def _sent(database: Database, number: VehicleNo) -> list[Command]:
    async with database.read() as tx:
        return await CommandStore(tx).of_vehicle(number, EVERYTHING)


async def test_a_vehicle_that_holds_an_older_set_gets_the_fences_that_concern_it(
    sqlite_database: Database, valkey_url: str, clock: Clock
) -> None:
    vehicle, _ = await working_vehicles(sqlite_database, 1, 2)
    async with sqlite_database.write() as tx:
        drafts = [
            _fence("here"),
            _fence("elsewhere", district=DistrictCode("ZG")),
            _fence("of-sweepers", services=frozenset({ServiceKind.SWEEPING})),
            _fence("a-place", kind=FenceKind.PICKUP_POINT),
        ]
        await sync_fences(tx, drafts, source="test", at=AT, by="test")
    assert vehicle.service is not ServiceKind.SWEEPING
    said = Said(heard(1, fence_set_version=None), heard(2, fence_set_version=4))
    supply = await _supply(sqlite_database, valkey_url, clock, said)
    assert await supply.supply_once() == 1
    (command,) = await _sent(sqlite_database, ONE)
    assert command.kind is CommandKind.UPDATE_FENCES
    body = msgspec.json.decode(command.body, type=UpdateFences)
    assert [fence.fence_id for fence in body.fences] == ["here"]
    assert body.fences[0].no_entry
    given = a_vehicle(vehicle_no=1, fence_key=SIGNER.public_key)
    assert is_signed(given, body)
    assert not is_signed(a_vehicle(vehicle_no=2, fence_key=SIGNER.public_key), body)
    assert not is_signed(a_vehicle(vehicle_no=1, fence_key=FenceSigner("another").public_key), body)
    assert not is_signed(given, msgspec.structs.replace(body, fences=()))
    assert not is_signed(given, msgspec.structs.replace(body, fence_set_version=body.fence_set_version + 1))
    assert not is_signed(given, msgspec.structs.replace(body, signature="not hex"))
    assert not is_signed(given, msgspec.structs.replace(body, signature=""))
    assert body.fence_set_version == 4
    assert await _sent(sqlite_database, TWO) == []
    assert await supply.supply_once() == 0, "one is under way already"


async def test_hours_are_sent_and_left_out_for_a_vehicle_that_does_not_know_them(
    sqlite_database: Database, valkey_url: str, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    hours = FenceHours(spans=(HourSpan(start_minute=420, end_minute=480),))
    async with sqlite_database.write() as tx:
        await sync_fences(tx, [_fence("school", hours=hours)], source="test", at=AT, by="test")
    supply = await _supply(sqlite_database, valkey_url, clock, Said(heard(1, fence_set_version=None)))
    assert await supply.supply_once() == 1
    [timed] = await _sent(sqlite_database, ONE)
    [fence] = msgspec.json.decode(timed.body, type=UpdateFences).fences
    assert fence.hours == WireHours(
        time_zone="Asia/Shanghai", spans=(WireSpan(start_minute=420, end_minute=480),)
    )
    async with sqlite_database.write() as tx:
        rejected = msgspec.structs.replace(timed, state=CommandState.REJECTED, version=timed.version + 1)
        await CommandStore(tx).save(timed, rejected)
    assert await supply.supply_once() == 1
    [plain] = [c for c in await _sent(sqlite_database, ONE) if c.state is CommandState.QUEUED]
    assert b"hours" not in bytes(plain.body)
    body = msgspec.json.decode(plain.body, type=UpdateFences)
    assert is_signed(a_vehicle(vehicle_no=1, fence_key=SIGNER.public_key), body)


async def test_before_the_first_set_is_read_nobody_is_sent_an_empty_one(
    sqlite_database: Database, valkey_url: str, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    supply = await _supply(sqlite_database, valkey_url, clock, Said(heard(1, fence_set_version=7)))
    assert await supply.supply_once() == 0
    assert await _sent(sqlite_database, ONE) == []
