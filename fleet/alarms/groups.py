"""Alarms of which one has many vehicles: its members come and go, it stands while one is left."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select, update

from core.database import Transaction
from core.database.statements import insert_new_rows
from core.ids import AlarmId, DistrictCode, OperatorId, VehicleNo, new_id
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, AlarmSignal, clear, raise_alarm
from fleet.alarms.store import AlarmStore
from fleet.alarms.tables import alarm_members
from fleet.vehicles.vehicle import Vehicle


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of a group alarm."""

    vehicle_no: VehicleNo
    joined_at: datetime
    back_at: datetime | None


def group_key(signal: AlarmSignal, operator: OperatorId, district: DistrictCode) -> str:
    """Return what one group alarm is known by: a cause makes one for each company and 旗区.

    Everybody then sees a group of the vehicles that are his, and of no other.
    """
    return f"group:{signal.kind.value}:{signal.cause}:{operator}:{district}"


async def apply_group(tx: Transaction, key: str, signals: Sequence[tuple[AlarmSignal, Vehicle]]) -> int:
    """Let vehicles join and leave one group; return how many alarms were raised or cleared by it.

    Of several signals of one vehicle the last counts. Saying the same again changes nothing.
    """
    store = AlarmStore(tx)
    last = {vehicle.vehicle_no: signal for signal, vehicle in signals}
    joining = [signal for signal in last.values() if isinstance(signal, AlarmRaised)]
    leaving = [signal for signal in last.values() if isinstance(signal, AlarmCleared)]
    alarm = (await store.standing([key])).get(key)
    changed = 0
    if alarm is None and joining and not await store.was_cleared_since(key, joining[0].at):
        alarm = _first(joining[0], key, signals[0][1])
        changed += await store.add(alarm)
    if alarm is None:
        return changed
    await _join(tx, alarm, joining)
    await _leave(tx, alarm, leaving)
    return changed + await _settle(tx, alarm, [signal.at for signal in leaving])


async def members_of(tx: Transaction, alarm_id: AlarmId) -> list[Member]:
    """Return the vehicles of a group alarm by number; read the alarm with a reach before."""
    query = select(alarm_members).where(alarm_members.c.alarm_id == alarm_id)
    rows = await tx.execute(query.order_by(alarm_members.c.vehicle_no))
    return [
        Member(vehicle_no=VehicleNo(row.vehicle_no), joined_at=row.joined_at, back_at=row.back_at)
        for row in rows
    ]


async def last_group_of(tx: Transaction, vehicle_no: VehicleNo) -> AlarmId | None:
    """Return the group alarm that a vehicle joined last, None when it never did."""
    query = select(alarm_members.c.alarm_id).where(alarm_members.c.vehicle_no == vehicle_no)
    row = (await tx.execute(query.order_by(alarm_members.c.joined_at.desc()).limit(1))).first()
    return None if row is None else AlarmId(row.alarm_id)


def _first(signal: AlarmRaised, key: str, vehicle: Vehicle) -> Alarm:
    alarm = raise_alarm(
        signal, alarm_id=AlarmId(new_id()), district=vehicle.district, operator=vehicle.operator
    )
    return msgspec.structs.replace(alarm, dedup_key=key, details={"cause": signal.cause, "members": 0})


async def _join(tx: Transaction, alarm: Alarm, joining: Collection[AlarmRaised]) -> None:
    rows = [
        {"alarm_id": alarm.alarm_id, "vehicle_no": signal.vehicle_no, "joined_at": signal.at}
        for signal in joining
    ]
    if rows and await insert_new_rows(tx, alarm_members, rows) < len(rows):
        numbers = sorted(signal.vehicle_no for signal in joining)
        await tx.execute(
            update(alarm_members)
            .where(alarm_members.c.alarm_id == alarm.alarm_id, alarm_members.c.vehicle_no.in_(numbers))
            .values(back_at=None)
        )


async def _leave(tx: Transaction, alarm: Alarm, leaving: Collection[AlarmCleared]) -> None:
    for signal in leaving:
        await tx.execute(
            update(alarm_members)
            .where(
                alarm_members.c.alarm_id == alarm.alarm_id,
                alarm_members.c.vehicle_no == signal.vehicle_no,
                alarm_members.c.joined_at <= signal.at,
            )
            .values(back_at=signal.at)
        )


async def _settle(tx: Transaction, alarm: Alarm, left_at: Sequence[datetime]) -> bool:
    """Write how many vehicles there are, and clear the alarm when none is silent any more."""
    of_alarm = alarm_members.c.alarm_id == alarm.alarm_id
    counts = select(func.count(), func.count(alarm_members.c.back_at)).where(of_alarm)
    total, back = (await tx.execute(counts)).one()
    details = {**alarm.details, "members": int(total), "silent": int(total - back)}
    is_over = bool(left_at) and total == back
    if details == alarm.details and not is_over:
        return False
    told = msgspec.structs.replace(alarm, details=details)
    told = (
        clear(told, at=max(left_at)) if is_over else msgspec.structs.replace(told, version=told.version + 1)
    )
    await AlarmStore(tx).save(alarm, told)
    return is_over
