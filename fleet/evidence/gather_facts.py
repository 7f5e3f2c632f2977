"""The facts of a window out of SQL, one table or two a part, as plain values in a fixed order.

Read in one snapshot. What concerns residents is not in it: audit entries and commands of the vehicle, never
orders.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Table, func, or_, select

from core.audit.tables import audit_entries, audit_seals
from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import FenceId, FenceVersion
from fleet.alarms.tables import alarms
from fleet.commands.tables import commands
from fleet.incidents.incident import Incident
from fleet.incidents.store import IncidentStore
from fleet.links.wire.commands import CommandKind
from fleet.people.tables import bindings, shifts
from fleet.telemetry.facts import fence_events
from fleet.telemetry.guard import Bounds
from fleet.telemetry.pipeline import bounds_of
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.store import VehicleStore
from fleet.violations.tables import violations
from geofences.fences import FenceKind
from geofences.store import FenceStore
from geofences.tables import fence_changes, fence_versions

LONGEST_COMMAND: Final = timedelta(days=1)
"""A command that was issued longer before the window is not looked for."""
MARGIN_DEG: Final = 0.01
"""About a kilometre: fences this near to the vehicle's trail are part of the evidence."""

type Row = dict[str, Any]
type Box = tuple[float, float, float, float]
"""South, north, west, east in degrees."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the window's facts are, by part."""

    vehicle: Row
    papers: Row
    commands: list[Row]
    recordings: list[Row]
    audit: list[Row]
    alarms: list[Row]
    violations: list[Row]
    fence_events: list[Row]
    operators: list[Row]
    fences: Row


async def gather_facts(tx: Transaction, incident: Incident, box: Box | None) -> Facts:
    """Return the facts of an incident's window; ``box``: where the vehicle was, None when nobody knows."""
    number, from_at, to_at = incident.vehicle_no, incident.window_from, incident.window_to
    vehicle = await VehicleStore(tx).get(number, EVERYTHING)
    permits = (await PaperStore(tx).permits_of([number])).get(number, ())
    insurances = (await PaperStore(tx).insurances_of([number])).get(number, ())
    crossings = await _rows(
        tx,
        fence_events,
        [fence_events.c.vehicle_no == number, *_between(fence_events.c.measured_at, from_at, to_at)],
        fence_events.c.measured_at,
        fence_events.c.id,
    )
    raised = await _rows(
        tx,
        alarms,
        [
            alarms.c.vehicle_no == number,
            *_overlapping(alarms.c.raised_at, alarms.c.cleared_at, from_at, to_at),
        ],
        alarms.c.raised_at,
        alarms.c.alarm_id,
    )
    return Facts(
        vehicle=msgspec.structs.asdict(vehicle),
        papers={
            "permits": [msgspec.to_builtins(permit, builtin_types=(datetime,)) for permit in permits],
            "insurances": [msgspec.to_builtins(paper, builtin_types=(datetime,)) for paper in insurances],
        },
        commands=await _commands(tx, incident),
        recordings=await _recordings(tx, incident),
        audit=await _audit(tx, incident),
        alarms=raised,
        violations=await _violations(tx, incident),
        fence_events=crossings,
        operators=await _operators(tx, incident),
        fences=await _fences(tx, incident, _named([*crossings, *raised]), box),
    )


def _between(column: Any, from_at: datetime, to_at: datetime) -> list[ColumnElement[bool]]:
    return [column >= from_at, column <= to_at]


def _overlapping(begins: Any, ends: Any, from_at: datetime, to_at: datetime) -> list[ColumnElement[bool]]:
    return [begins <= to_at, or_(ends.is_(None), ends >= from_at)]


async def _rows(
    tx: Transaction, table: Table, where: Sequence[ColumnElement[bool]], *order: Any
) -> list[Row]:
    query = select(table).where(*where).order_by(*order)
    return [_plain(row) for row in (await tx.execute(query)).mappings()]


def _plain(row: Any) -> Row:
    values = {"".join(name): value for name, value in row.items()}
    return dict(msgspec.to_builtins(values, builtin_types=(datetime,)))


def _command(row: Row) -> Row:
    return {**row, "body": msgspec.json.decode(row["body"])}


async def _commands(tx: Transaction, incident: Incident) -> list[Row]:
    issued = commands.c.issued_at
    where = [
        commands.c.vehicle_no == incident.vehicle_no,
        issued >= incident.window_from - LONGEST_COMMAND,
        *_overlapping(issued, commands.c.finished_at, incident.window_from, incident.window_to),
    ]
    rows = await _rows(tx, commands, where, issued, commands.c.command_id)
    # The fences that a vehicle was sent are a megabyte, and stand in a part of their own.
    return [
        _command(row) if row["kind"] != CommandKind.UPDATE_FENCES.value else {**row, "body": None}
        for row in rows
    ]


async def _recordings(tx: Transaction, incident: Incident) -> list[Row]:
    where = [
        commands.c.vehicle_no == incident.vehicle_no,
        commands.c.kind == CommandKind.PRESERVE_RECORDING.value,
        commands.c.issued_at >= incident.discovered_at,
    ]
    rows = await _rows(tx, commands, where, commands.c.issued_at, commands.c.command_id)
    found = [_command(row) for row in rows]
    return [row for row in found if row["body"].get("incidentId") == incident.incident_id]


async def _audit(tx: Transaction, incident: Incident) -> list[Row]:
    """Return what people did with the vehicle in the window, each with its place in the audit chain."""
    ids = {
        f"vehicle:{incident.vehicle_no}",
        *(f"alarm:{alarm_id}" for alarm_id in await IncidentStore(tx).causes_of(incident.incident_id)),
    }
    query = (
        select(audit_entries, audit_seals.c.seq, audit_seals.c.chain_hash)
        .outerjoin(audit_seals, audit_seals.c.entry_id == audit_entries.c.id)
        .where(*_between(audit_entries.c.at, incident.window_from, incident.window_to))
        .order_by(audit_entries.c.at, audit_entries.c.id)
    )
    found = []
    for row in (await tx.execute(query)).mappings():
        if row["object"] in ids or row["fields"].get("vehicle_no") == incident.vehicle_no:
            chain = row["chain_hash"]
            values = {name: value for name, value in row.items() if name != "chain_hash"}
            found.append({**_plain(values), "chain_hash": None if chain is None else chain.hex()})
    return found


async def _violations(tx: Transaction, incident: Incident) -> list[Row]:
    row = violations.c
    where = [
        row.vehicle_no == incident.vehicle_no,
        *_overlapping(row.began_at, row.ended_at, incident.window_from, incident.window_to),
    ]
    return await _rows(tx, violations, where, row.began_at, row.violation_id)


async def _operators(tx: Transaction, incident: Incident) -> list[Row]:
    """Return which remote operator watched the vehicle when, by name."""
    row = bindings.c
    query = (
        select(bindings, shifts.c.name)
        .outerjoin(shifts, shifts.c.shift_id == row.shift_id)
        .where(
            row.vehicle_no == incident.vehicle_no,
            *_overlapping(row.bound_at, row.ended_at, incident.window_from, incident.window_to),
        )
        .order_by(row.bound_at, row.binding_id)
    )
    return [_plain(found) for found in (await tx.execute(query)).mappings()]


def _named(rows: Iterable[Row]) -> set[tuple[str, int]]:
    """Return the fence versions that crossings and alarms name."""
    named = set()
    for row in rows:
        said = row if "fence_id" in row else row.get("details", {})
        if isinstance(said.get("fence_id"), str) and isinstance(said.get("fence_version"), int):
            named.add((said["fence_id"], said["fence_version"]))
    return named


async def _fences(tx: Transaction, incident: Incident, named: set[tuple[str, int]], box: Box | None) -> Row:
    """Return the fence set's version, and the versions in force near the vehicle or named by a fact."""
    in_force = await _in_force(tx, incident.window_from, incident.window_to)
    keys = sorted(in_force | named)
    bodies = await FenceStore(tx).published_bodies(
        [(FenceId(fence_id), FenceVersion(version)) for fence_id, version in keys]
    )
    fences = [
        msgspec.to_builtins(fence, builtin_types=(datetime,))
        for key, fence in sorted(bodies.items())
        if key in named or box is None or _is_near(fence.area, box)
    ]
    revision = await tx.scalar(
        select(func.max(fence_changes.c.revision)).where(fence_changes.c.at <= incident.window_to)
    )
    return {"set_version": int(revision or 0), "in_force": len(in_force), "fences": fences}


async def district_bounds(tx: Transaction, from_at: datetime, to_at: datetime) -> Bounds | None:
    """Return the box around the districts that were in force, by which the guard judged; None without any."""
    row = fence_versions.c
    keys = sorted(await _in_force(tx, from_at, to_at, row.kind == FenceKind.DISTRICT.value))
    bodies = await FenceStore(tx).published_bodies(
        [(FenceId(fence_id), FenceVersion(version)) for fence_id, version in keys]
    )
    return bounds_of(bodies.values())


async def _in_force(
    tx: Transaction, from_at: datetime, to_at: datetime, *chosen: ColumnElement[bool]
) -> set[tuple[str, int]]:
    """Return (id, version) of what decided at some time of the window, also when it is retired by now."""
    row = fence_versions.c
    query = (
        select(row.fence_id, row.version, row.effective_at)
        .where(
            row.effective_at.is_not(None),
            row.effective_at <= to_at,
            or_(row.retired_at.is_(None), row.retired_at >= from_at),
            *chosen,
        )
        .order_by(row.fence_id, row.effective_at, row.version)
    )
    before: dict[str, int] = {}
    found = set()
    for fence in await tx.execute(query):
        if fence.effective_at <= from_at:
            before[fence.fence_id] = fence.version
        else:
            found.add((fence.fence_id, fence.version))
    return found | set(before.items())


def _is_near(area: Any, box: Box) -> bool:
    south, north, west, east = box
    points = [point for polygon in area for ring in polygon for point in ring]
    lngs, lats = [point[0] for point in points], [point[1] for point in points]
    return bool(
        min(lats) <= north + MARGIN_DEG
        and max(lats) >= south - MARGIN_DEG
        and min(lngs) <= east + MARGIN_DEG
        and max(lngs) >= west - MARGIN_DEG
    )
