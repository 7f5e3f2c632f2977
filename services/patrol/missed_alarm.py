"""A beat whose run missed checkpoints, or has doubtful evidence of them, is one alarm with an owner: until a
later run has seen all of them, or a person accepted what was doubtful."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import AlarmId, new_id
from fleet.alarms.alarm import NO_VEHICLE, AlarmRaised, Person, clear, raise_alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.people.duty import UnderWay, may_watch
from fleet.people.store import ShiftStore
from services.patrol.kinds import PointState
from services.patrol.run import Run, RunPoint

MOST_NAMED: Final = 10
GAPS: Final = frozenset({PointState.MISSED, PointState.DOUBTFUL})


async def tell_missed(tx: Transaction, run: Run, points: Sequence[RunPoint], *, at: datetime) -> None:
    """Raise the alarm of a beat after a run of which something is missed or doubtful; one that stands already
    stays as it is, seen again.

    It is of no vehicle, because a checkpoint that nobody came to has none. Who watches the vehicle owns it,
    else who started the run, else the first operator on duty there.
    """
    store, key = AlarmStore(tx), _key(run)
    standing = (await store.standing([key])).get(key)
    if standing is not None:
        await store.seen(standing, at=at)
        return
    missed = [point for point in points if point.state in GAPS]
    signal = AlarmRaised(
        vehicle_no=NO_VEHICLE,
        kind=AlarmKind.PATROL_MISSED,
        cause=run.beat_id or run.run_id,
        at=at,
        lat=missed[0].point.lat if missed else None,
        lng=missed[0].point.lng if missed else None,
        details={
            "beat_zh": run.name_zh,
            "beat_en": run.name_en,
            "run_id": run.run_id,
            "missed": sum(point.state is PointState.MISSED for point in missed),
            "doubtful": sum(point.state is PointState.DOUBTFUL for point in missed),
            "of": len(points),
            "checkpoints": "，".join(point.point.name_zh for point in missed[:MOST_NAMED]),
            "reasons": ", ".join(sorted({_why(point) for point in missed})),
            "vehicle_no": run.vehicle_no,
            "is_synthetic": run.is_synthetic,
        },
    )
    owner = await _owner(tx, run)
    alarm_id = AlarmId(new_id())
    alarm = raise_alarm(signal, alarm_id=alarm_id, district=run.district, operator=run.operator, owner=owner)
    await store.add(msgspec.structs.replace(alarm, dedup_key=key))


async def all_were_seen(tx: Transaction, run: Run, *, at: datetime) -> None:
    """Clear the alarm of a beat whose checkpoints were all inspected by a later run."""
    store, key = AlarmStore(tx), _key(run)
    standing = (await store.standing([key])).get(key)
    if standing is not None:
        await store.save(standing, clear(standing, at=max(at, standing.raised_at)))


async def accepted_after_all(tx: Transaction, run: Run, *, at: datetime) -> None:
    """Clear the alarm that this run raised of its beat: a person accepted what was doubtful. Another run's
    stays."""
    store, key = AlarmStore(tx), _key(run)
    standing = (await store.standing([key])).get(key)
    if standing is not None and standing.details.get("run_id") == run.run_id:
        await store.save(standing, clear(standing, at=max(at, standing.raised_at)))


def _why(point: RunPoint) -> str:
    return point.state.value if point.reason is None else point.reason.value


def _key(run: Run) -> str:
    return f"{AlarmKind.PATROL_MISSED.value}:{run.beat_id or run.run_id}"


async def _owner(tx: Transaction, run: Run) -> Person | None:
    shifts = ShiftStore(tx)
    watchers = await shifts.watchers([] if run.vehicle_no is None else [run.vehicle_no])
    watcher = next(iter(watchers.values()), None)
    if watcher is None and run.by is not None:
        return Person(staff_id=run.by, name=run.by_name)
    if watcher is None:
        there = UnderWay(vehicle_no=NO_VEHICLE, operator=run.operator, district=run.district)
        watcher = next((one for one in await shifts.running(EVERYTHING) if may_watch(one, there)), None)
    return None if watcher is None else Person(staff_id=watcher.staff_id, name=watcher.name)
