"""SQL of vehicles: reads within a reach, writes by compare-and-set on the version."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from functools import lru_cache
from itertools import batched
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, select, update

from core.auth.principal import EVERYTHING, Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import CompareAndSet, Transaction, insert_new
from core.database.kept import kept
from core.database.rows import read_row, read_rows
from core.errors import Conflict, NotFound, VersionMismatch
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import UNDER_WAY, Duty, Lifecycle
from fleet.vehicles.spells import end_spell
from fleet.vehicles.tables import vehicles
from fleet.vehicles.vehicle import Vehicle

NUMBERS_AT_ONCE: Final = 5_000
"""Rows of one statement: a few milliseconds of the event loop."""
PART_MOST: Final = 2_000
"""Vehicles of a part: some 50 ms of it."""


class VehicleFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of vehicles is narrowed to; an empty set or None narrows nothing."""

    services: frozenset[ServiceKind] = frozenset()
    districts: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    lifecycles: frozenset[Lifecycle] = frozenset()
    duties: frozenset[Duty] = frozenset()
    numbers: frozenset[VehicleNo] | None = None
    """Only these vehicles; an empty set gives nothing."""
    text: str | None = None
    """Part of a code, in any case."""


class FleetCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many vehicles there are of one 旗区, service and lifecycle."""

    district: DistrictCode
    service: ServiceKind
    lifecycle: Lifecycle
    vehicles: int


_UNCHANGED = CompareAndSet(vehicles, "vehicle_no", "version")


@lru_cache(64)
def _by_number(reach: Reach) -> Select[Any]:
    return select(vehicles).where(vehicles.c.vehicle_no == bindparam("number"), *in_reach(reach))


class VehicleStore:
    """Reads and writes vehicles inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, vehicle: Vehicle) -> None:
        """Store a new vehicle; raise Conflict("already-exists") for a number, device or serial in use."""
        if not await insert_new(self._tx, vehicles, msgspec.structs.asdict(vehicle)):
            raise Conflict(
                "already-exists",
                f"vehicle {vehicle.vehicle_no}, its device or its serial is registered already",
                vehicle_no=vehicle.vehicle_no,
            )
        tell_changed(self._tx, "vehicle", str(vehicle.vehicle_no), at=vehicle.registered_at)

    async def next_number(self) -> VehicleNo:
        """Return the number after the highest ever given, 1 for the first; numbers are never reused."""
        highest = (await self._tx.execute(select(func.max(vehicles.c.vehicle_no)))).scalar()
        return VehicleNo((highest or 0) + 1)

    async def get(self, vehicle_no: VehicleNo, reach: Reach) -> Vehicle:
        """Return a vehicle within the reach; raise NotFound when there is none."""
        ours = kept(self._tx, Vehicle) if reach is EVERYTHING else {}
        if vehicle_no not in ours:
            found = await self._all(_by_number(reach), number=vehicle_no)
            ours.update((vehicle.vehicle_no, vehicle) for vehicle in found)
        if vehicle_no not in ours:
            raise NotFound("not-found", f"there is no vehicle {vehicle_no}", vehicle_no=vehicle_no)
        return ours[vehicle_no]

    async def of_numbers(self, numbers: Collection[VehicleNo], reach: Reach) -> dict[VehicleNo, Vehicle]:
        """Return those of the vehicles that lie within the reach, by number."""
        ours = kept(self._tx, Vehicle) if reach is EVERYTHING else {}
        if missing := sorted(set(numbers) - ours.keys()):
            query = select(vehicles).where(vehicles.c.vehicle_no.in_(missing), *in_reach(reach))
            ours.update((vehicle.vehicle_no, vehicle) for vehicle in await self._all(query))
        return {number: ours[number] for number in sorted(set(numbers)) if number in ours}

    async def locked(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, Vehicle]:
        """Return vehicles whose rows nobody else changes until the commit."""
        query = select(vehicles).where(vehicles.c.vehicle_no.in_(sorted(set(numbers))))
        found = await self._all(query.order_by(vehicles.c.vehicle_no).with_for_update())
        return {vehicle.vehicle_no: vehicle for vehicle in found}

    async def page(
        self, reach: Reach, wanted: VehicleFilter, *, after: VehicleNo | None = None, limit: int | None = None
    ) -> list[Vehicle]:
        """Return vehicles within the reach by number, at most `limit`, beginning behind `after`."""
        query = select(vehicles).where(*in_reach(reach), *_wanted(wanted)).order_by(vehicles.c.vehicle_no)
        if after is not None:
            query = query.where(vehicles.c.vehicle_no > after)
        return await self._all(query if limit is None else query.limit(limit))

    async def parts(
        self, reach: Reach, wanted: VehicleFilter, *, most: int = PART_MOST
    ) -> AsyncIterator[list[Vehicle]]:
        """Yield the vehicles of a page part by part, by number.

        A large fleet holds no loop up, and PostgreSQL takes no more than 32,767 numbers in one statement.
        """
        after: VehicleNo | None = None
        while True:
            some = await self.page(reach, wanted, after=after, limit=most)
            if some:
                yield some
            if len(some) < most:
                return
            after = some[-1].vehicle_no

    async def numbers(
        self, reach: Reach, wanted: VehicleFilter, *, at_once: int = NUMBERS_AT_ONCE
    ) -> list[int]:
        """Return the numbers of all vehicles within the reach, ascending; 100,000 hold no loop up."""
        found: list[int] = []
        query = select(vehicles.c.vehicle_no).where(*in_reach(reach), *_wanted(wanted))
        query = query.order_by(vehicles.c.vehicle_no).limit(at_once)
        while True:
            after = found[-1] if found else -1
            some = (await self._tx.scalars(query.where(vehicles.c.vehicle_no > after))).all()
            found += some
            if len(some) < at_once:
                return found

    async def districts(self, wanted: VehicleFilter) -> list[DistrictCode]:
        """Return the 旗区 of which there is any such vehicle, ascending."""
        query = select(vehicles.c.district).where(*_wanted(wanted)).distinct()
        return sorted(DistrictCode(row) for row in await self._tx.scalars(query))

    async def census(self, reach: Reach) -> list[FleetCount]:
        """Return the vehicles within the reach, counted by 旗区, service and lifecycle."""
        groups = (vehicles.c.district, vehicles.c.service, vehicles.c.lifecycle)
        query = select(*groups, func.count().label("n")).where(*in_reach(reach)).group_by(*groups)
        return [
            FleetCount(
                district=DistrictCode(row.district),
                service=ServiceKind(row.service),
                lifecycle=Lifecycle(row.lifecycle),
                vehicles=row.n,
            )
            for row in await self._tx.execute(query)
        ]

    async def codes_of(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, str | None]:
        """Return the code that each vehicle carries."""
        if not numbers:
            return {}
        query = select(vehicles.c.vehicle_no, vehicles.c.code)
        rows = await self._tx.execute(query.where(vehicles.c.vehicle_no.in_(sorted(set(numbers)))))
        return {VehicleNo(row.vehicle_no): row.code for row in rows}

    async def under_way(self) -> list[Vehicle]:
        """Return every vehicle that a remote operator must watch, by number."""
        moving = sorted(duty.value for duty in UNDER_WAY)
        query = select(vehicles).where(vehicles.c.duty.in_(moving)).order_by(vehicles.c.vehicle_no)
        return await self._all(query)

    async def changed_since(self, moment: datetime | None, *, included: bool = True) -> list[Vehicle]:
        """Return every vehicle that changed at or after a moment, or only after it; None returns all.

        Read part by part: a whole fleet that is new holds no loop up.
        """
        if moment is None:
            parts = self.parts(EVERYTHING, VehicleFilter())
            return [vehicle async for some in parts for vehicle in some]
        changed_at = vehicles.c.changed_at
        has_changed = changed_at >= moment if included else changed_at > moment
        found = await self._all(select(vehicles).where(has_changed).limit(PART_MOST))
        if len(found) < PART_MOST:
            return found
        numbers = (await self._tx.scalars(select(vehicles.c.vehicle_no).where(has_changed))).all()
        found = []
        for some in batched(numbers, PART_MOST):
            found += await self._all(select(vehicles).where(vehicles.c.vehicle_no.in_(some)))
        return found

    async def fingerprint(self) -> tuple[int, int]:
        """Return how many vehicles there are and the sum of their versions: it grows with every change."""
        query = select(func.count().label("n"), func.sum(vehicles.c.version).label("versions"))
        row = (await self._tx.execute(query)).one()
        return int(row.n), int(row.versions or 0)

    async def stop_epochs(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, int]:
        """Return the present stop epoch of each vehicle."""
        query = select(vehicles.c.vehicle_no, vehicles.c.stop_epoch).where(
            vehicles.c.vehicle_no.in_(sorted(set(numbers)))
        )
        return {VehicleNo(row.vehicle_no): int(row.stop_epoch) for row in await self._tx.execute(query)}

    async def held_at_scene(self, numbers: Collection[VehicleNo]) -> frozenset[VehicleNo]:
        """Return those of the vehicles that an agency holds at the scene of an incident."""
        query = select(vehicles.c.vehicle_no).where(
            vehicles.c.vehicle_no.in_(sorted(set(numbers))), vehicles.c.is_scene_held.is_(True)
        )
        return frozenset(VehicleNo(row.vehicle_no) for row in await self._tx.execute(query))

    async def save(self, before: Vehicle, after: Vehicle) -> Vehicle:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster.

        A write that only bumps the version of an unchanged vehicle is a bug: pass what `advance_*` returned.
        """
        ours = kept(self._tx, Vehicle)
        if not await _UNCHANGED.write(self._tx, before, msgspec.structs.asdict(after)):
            ours.pop(before.vehicle_no, None)
            raise VersionMismatch(
                "version-mismatch",
                f"vehicle {before.vehicle_no} was changed in between",
                vehicle_no=before.vehicle_no,
                version=before.version,
            )
        ours[after.vehicle_no] = after
        await end_spell(self._tx, before, after)
        tell_changed(self._tx, "vehicle", str(after.vehicle_no), at=after.changed_at)
        return after

    async def raise_stop_epoch(self, vehicle_no: VehicleNo, wanted: int, *, held: bool, at: datetime) -> int:
        """Set whether a stop holds the vehicle and return the epoch of this stop or release.

        One statement: the epoch is `wanted` when it is above the present one, else one more than that, so
        two racing stops and releases never share an epoch and the later commit wins.
        """
        epoch = vehicles.c.stop_epoch
        greater = func.max if self._tx.dialect.name == "sqlite" else func.greatest
        result = await self._tx.execute(
            update(vehicles)
            .where(vehicles.c.vehicle_no == vehicle_no)
            .values(
                stop_epoch=greater(epoch + 1, wanted),
                is_held_by_stop=held,
                changed_at=at,
                version=vehicles.c.version + 1,
            )
            .returning(vehicles)
        )
        row = result.mappings().one_or_none()
        if row is None:
            raise NotFound("not-found", f"there is no vehicle {vehicle_no}", vehicle_no=vehicle_no)
        vehicle = read_row(row, Vehicle)
        kept(self._tx, Vehicle)[vehicle_no] = vehicle
        tell_changed(self._tx, "vehicle", str(vehicle.vehicle_no), at=at)
        return vehicle.stop_epoch

    async def _all(self, query: Select[Any], **given: object) -> list[Vehicle]:
        found = await self._tx.execute(query, given)
        return read_rows(found.keys(), found, Vehicle)


def in_reach(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a vehicle's row lies within a reach."""
    return (
        within(vehicles.c.district, reach.districts),
        within(vehicles.c.operator, reach.operators),
        within(vehicles.c.maker, reach.makers),
        within(vehicles.c.vehicle_no, reach.vehicles),
    )


def _wanted(wanted: VehicleFilter) -> list[ColumnElement[bool]]:
    conditions = [
        within(column, values or None)
        for column, values in (
            (vehicles.c.service, wanted.services),
            (vehicles.c.district, wanted.districts),
            (vehicles.c.operator, wanted.operators),
            (vehicles.c.lifecycle, wanted.lifecycles),
            (vehicles.c.duty, wanted.duties),
        )
    ]
    conditions.append(within(vehicles.c.vehicle_no, wanted.numbers))
    if wanted.text:
        conditions.append(vehicles.c.code.contains(wanted.text.upper().strip(), autoescape=True))
    return conditions
