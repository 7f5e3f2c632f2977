"""A vehicle-day from what the frames say and what SQL knows: pure, and the whole of the formula's input."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from core.ids import VehicleNo
from fleet.days.circumstances import Slot, Timeline, VehicleFacts, lengths_ms, slots_of
from fleet.days.fold import DayFold, Driven
from fleet.days.regions import Regions
from fleet.days.vehicle_day import FORMULA, DaySpan, VehicleDay
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import Duty

NOT_HEARD: Final = Driven(
    parts=(),
    frames=0,
    frames_sha256=sha256().digest(),
    known_s=0.0,
    available_s=0.0,
    stops_on_the_way=0,
    teleports=0,
    battery_used_ratio=None,
)


class DayFacts(NamedTuple):
    """How many alarms and orders and how much m² a vehicle's day has; what nobody counts is 0 here."""

    alarms: int = 0
    orders: int = 0
    m2: float = 0.0


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What others counted for a vehicle's day; None means that nobody counts it."""

    alarms: Mapping[str, int] = {}
    orders: int | None = None
    m2: float | None = None
    battery_kwh: float | None = None
    """Capacity of the battery, not what was used of it."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What held for every vehicle of a day."""

    span: DaySpan
    silence_ms: int
    fences: tuple[tuple[str, int], ...] = ()
    """Id and version of the 旗区 fences that decided."""
    formula: int = FORMULA


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle-day and the hash of everything that it was computed from."""

    day: VehicleDay
    input_hash: str
    """SHA-256 in lower-case hex."""


def compute_days(
    frames: Iterable[Records],
    facts: Sequence[VehicleFacts],
    regions: Regions,
    rules: Rules,
    beside: Mapping[VehicleNo, Beside] | None = None,
) -> list[Computed]:
    """Return the day of each vehicle that was registered by then, by number.

    ``frames``: arrays with the fields of STREAM_POSITION; a vehicle's earlier positions come in the same
    array as its later ones or in one before. Positions of other vehicles are passed over.
    """
    ordered = sorted(facts, key=lambda one: one.vehicle_no)
    timeline = Timeline(rules.span, [(one.vehicle_no, slots_of(one, rules.span)) for one in ordered])
    fold = DayFold(timeline, regions, silence_ms=rules.silence_ms)
    for some in frames:
        fold.add(some)
    driven = fold.finish()
    others = beside or {}
    return [
        whole_day(number, slots, driven.get(number, NOT_HEARD), others.get(number, Beside()), rules)
        for number, slots in timeline.slots.items()
    ]


def whole_day(
    vehicle_no: VehicleNo, slots: tuple[Slot, ...], driven: Driven, beside: Beside, rules: Rules
) -> Computed:
    """Return the day of one vehicle from its slots (at least one), its frames and what others counted."""
    lengths = lengths_ms(slots, rules.span)
    existed_s = sum(lengths) / 1000
    minutes: dict[Duty, float] = {}
    for slot, length in zip(slots, lengths, strict=True):
        minutes[slot.duty] = minutes.get(slot.duty, 0.0) + length / 60_000
    permitted_s = sum(length for slot, length in zip(slots, lengths, strict=True) if slot.stage) / 1000
    used, capacity = driven.battery_used_ratio, beside.battery_kwh
    day = VehicleDay(
        vehicle_no=vehicle_no,
        day=rules.span.day,
        zone=rules.span.zone,
        formula=rules.formula,
        district=slots[-1].district,
        service=slots[-1].service,
        operator=slots[-1].operator,
        parts=driven.parts,
        frames=driven.frames,
        silence_s=rules.silence_ms / 1000,
        existed_s=existed_s,
        known_s=driven.known_s,
        unknown_s=existed_s - driven.known_s,
        permitted_s=permitted_s,
        available_s=min(driven.available_s, permitted_s),
        minutes_by_duty=minutes,
        stops_on_the_way=driven.stops_on_the_way,
        teleports=driven.teleports,
        battery_used_ratio=used,
        alarms=dict(beside.alarms),
        orders=beside.orders,
        m2=beside.m2,
        kwh=None if used is None or capacity is None else used * capacity,
    )
    return Computed(day=day, input_hash=_hash(vehicle_no, slots, driven, beside, rules))


def _hash(
    vehicle_no: VehicleNo, slots: tuple[Slot, ...], driven: Driven, beside: Beside, rules: Rules
) -> str:
    """Return the hash over the frames' hash and the canonical JSON of everything else."""
    rest = {"vehicleNo": vehicle_no, "rules": rules, "slots": slots, "beside": beside}
    return sha256(driven.frames_sha256 + msgspec.json.encode(rest, order="deterministic")).hexdigest()
