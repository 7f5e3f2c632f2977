"""The patrol beats of a demonstration and when they are gone round: synthetic, over a town's places."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import NotFound
from core.ids import DistrictCode, OperatorId, ScheduleId
from core.kinds import ServiceKind
from fleet.vehicles.vehicle import Vehicle
from services.patrol.beat import Beat, BeatId, Checkpoint, check_beat
from services.patrol.beat_store import BeatStore
from services.patrol.scheduled import ScheduledBeats
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, draw_up
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore
from steppe.city.pack import CityPack
from steppe.city.places import Place, TownBuild

DWELL_S: Final = 60
NIGHT_MIN: Final = (22 * 60, 5 * 60)
MANY: Final = 3
"""From so many patrol vehicles on a town's beats are gone round every hour, else every second.

A beat takes 50 to 70 minutes, a charge in a night of -23 °C two hours (rehearsed winter day of 2026-12-01):
by day half of the vehicles are out, at night a third.
"""
OFTEN: Final = ("0 5-21 * * *", "30 5-21 * * *", "15 22-23,0-4 * * *")
SELDOM: Final = ("5 6-20/2 * * *", "35 5-21/2 * * *", "15 22,0,2,4 * * *")
START_WITHIN_S: Final = 2_700
LASTS_S: Final = 3_600
"""What the calendar takes a beat for: an hourly one is not said to clash with the next of its own."""


class PlannedBeat(msgspec.Struct, frozen=True, kw_only=True):
    """A beat with the times at which it is gone round."""

    beat: Beat
    cron: str


def demo_beats(
    pack: CityPack, towns: Sequence[TownBuild], fleet: Sequence[Vehicle], *, at: datetime
) -> list[PlannedBeat]:
    """Return three beats for every town whose 旗区 has patrol vehicles: one half of its checkpoints in order,
    the other half shuffled, and every third one at night, within a window, shuffled too."""
    patrols = Counter(
        (vehicle.district, vehicle.operator) for vehicle in fleet if vehicle.service is ServiceKind.PATROL
    )
    operators: dict[DistrictCode, OperatorId] = {}
    for (district, operator), _ in patrols.most_common():
        operators.setdefault(district, operator)
    names = {town.code: (town.name_zh, town.name_en) for town in pack.towns}
    planned = []
    for town in towns:
        owner = operators.get(town.district)
        places = town.of_kind("checkpoint")
        if owner is None or not places:
            continue
        is_often = patrols[(town.district, owner)] >= MANY
        crons = OFTEN if is_often else SELDOM
        halves = (places[::2], places[1::2], places[::3])
        sorts = (
            ("a", "日常巡逻", "Daily beat", False, crons[0], None),
            ("b", "不定序巡逻", "Shuffled beat", True, crons[1], None),
            ("night", "夜间巡逻", "Night beat", True, crons[2], NIGHT_MIN),
        )
        for some, (slug, zh, en, is_shuffled, cron, window) in zip(halves, sorts, strict=True):
            if not some:
                continue
            beat = Beat(
                beat_id=BeatId(f"beat-{town.code}-{slug}"),
                operator=owner,
                district=town.district,
                time_zone=pack.city.time_zone,
                name_zh=f"{names[town.code][0]}{zh}",
                name_en=f"{names[town.code][1]}: {en}",
                is_shuffled=is_shuffled,
                checkpoints=tuple(_checkpoint(place, window) for place in some),
                is_synthetic=True,
                changed_at=at,
                changed_by_name="city load",
            )
            check_beat(beat)
            planned.append(PlannedBeat(beat=beat, cron=cron))
    return planned


async def put_beat(tx: Transaction, planned: PlannedBeat, *, at: datetime) -> bool:
    """Store a beat and its schedule unless they are known: what people changed since is theirs."""
    is_new = await BeatStore(tx).add(planned.beat)
    schedule_id = ScheduleId(f"schedule-{planned.beat.beat_id}")
    try:
        await ScheduleStore(tx).get(schedule_id, EVERYTHING)
    except NotFound:
        draft = Draft(
            name=planned.beat.name_zh,
            kind=WorkKind.PATROL_BEAT,
            subject_id=planned.beat.beat_id,
            calendar=Calendar(timing=Cron(expression=planned.cron), zone=planned.beat.time_zone),
            start_within_s=START_WITHIN_S,
            lasts_s=LASTS_S,
        )
        plugged = {WorkKind.PATROL_BEAT: ScheduledBeats()}
        drawn = await draw_up(tx, plugged, draft, EVERYTHING, by_name="city load", at=at)
        await ScheduleStore(tx).add(msgspec.structs.replace(drawn, schedule_id=schedule_id))
    return is_new


def _checkpoint(place: Place, window: tuple[int, int] | None) -> Checkpoint:
    return Checkpoint(
        checkpoint_id=place.place_id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        lat=place.lat,
        lng=place.lng,
        dwell_s=DWELL_S,
        opens_min=None if window is None else window[0],
        closes_min=None if window is None else window[1],
    )
