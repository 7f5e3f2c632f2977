"""Alarms of a fence itself: no vehicle made the cause alone, and none has it on its account."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from core.database import Transaction
from core.ids import AlarmId, DistrictCode, OperatorId, new_id
from fleet.alarms.alarm import NO_VEHICLE, AlarmRaised, clear, raise_alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from geofences.fences import Fence


def fence_key(kind: AlarmKind, fence_id: str) -> str:
    """Return what the one cause of a fence is known by, whichever version of it stands."""
    return f"fence:{kind.value}:{fence_id}"


async def raise_fence_alarm(
    tx: Transaction,
    kind: AlarmKind,
    fence: Fence,
    *,
    set_version: int,
    said: Mapping[str, str | int | float | bool | None],
    place: tuple[float, float],
    at: datetime,
) -> bool:
    """Raise the alarm of a fence for those who see its 旗区 and operator; False while one stands.

    A fence of no 旗区 or of no operator is everybody's: whoever sees the whole city has its alarm.
    """
    signal = AlarmRaised(
        vehicle_no=NO_VEHICLE,
        kind=kind,
        at=at,
        lat=place[0],
        lng=place[1],
        details={
            "fence_id": fence.fence_id,
            "fence_version": fence.version,
            "fence_name_zh": fence.name_zh,
            "fence_name_en": fence.name_en,
            "set_version": set_version,
            **said,
        },
    )
    alarm = raise_alarm(
        signal,
        alarm_id=AlarmId(new_id()),
        district=fence.district or DistrictCode(""),
        operator=fence.operator or OperatorId(""),
    )
    return await AlarmStore(tx).add(msgspec.structs.replace(alarm, dedup_key=fence_key(kind, fence.fence_id)))


async def clear_fence_alarms(
    tx: Transaction, kind: AlarmKind, fence_ids: Collection[str], *, at: datetime
) -> int:
    """Clear what stands of these fences; return how many alarms that were."""
    store = AlarmStore(tx)
    standing = await store.standing([fence_key(kind, fence_id) for fence_id in fence_ids])
    for alarm in standing.values():
        await store.save(alarm, clear(alarm, at=max(at, alarm.raised_at)))
    return len(standing)
