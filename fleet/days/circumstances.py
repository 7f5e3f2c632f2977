"""What held for a vehicle while it drove: duty, service, home and permit stage, as intervals of a day."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import ms_of_moment
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.days.vehicle_day import DaySpan
from fleet.vehicles.kinds import Duty
from fleet.vehicles.papers import Permit, PermitStage

STAGES: Final[tuple[PermitStage | None, ...]] = (None, *PermitStage)
"""Permit stages by rank: of several permits at a moment the furthest stage counts."""
DUTIES: Final = tuple(Duty)
SERVICES: Final = tuple(ServiceKind)


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle was from a moment on, until its next spell."""

    from_ms: int
    duty: Duty
    service: ServiceKind
    district: DistrictCode
    operator: OperatorId


class VehicleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What SQL knows of one vehicle on a day."""

    vehicle_no: VehicleNo
    registered_ms: int
    spells: tuple[Spell, ...]
    """Oldest first; the first holds from ``registered_ms`` whatever its time says. None: it was retired."""
    permits: tuple[Permit, ...] = ()


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """An interval of the day in which nothing changed; it ends where the next begins."""

    from_ms: int
    duty: Duty
    service: ServiceKind
    district: DistrictCode
    operator: OperatorId
    stage: PermitStage | None


def slots_of(facts: VehicleFacts, span: DaySpan) -> tuple[Slot, ...]:
    """Return the intervals of a day in order, the first at its beginning or at the registration.

    Empty when the vehicle was registered after the day or retired before. Two neighbours differ.
    """
    begins = max(span.from_ms, facts.registered_ms)
    if begins >= span.to_ms or not facts.spells:
        return ()
    edges = {begins}
    edges.update(spell.from_ms for spell in facts.spells)
    for permit in facts.permits:
        edges.update((ms_of_moment(permit.valid_from), ms_of_moment(permit.valid_to)))
    slots: list[Slot] = []
    for edge in sorted(edge for edge in edges if begins <= edge < span.to_ms):
        slot = _slot_at(facts, edge)
        if not slots or slots[-1] != msgspec.structs.replace(slot, from_ms=slots[-1].from_ms):
            slots.append(slot)
    return tuple(slots)


def _slot_at(facts: VehicleFacts, at_ms: int) -> Slot:
    spell = facts.spells[0]
    for later in facts.spells[1:]:
        if later.from_ms <= at_ms:
            spell = later
    return Slot(
        from_ms=at_ms,
        duty=spell.duty,
        service=spell.service,
        district=spell.district,
        operator=spell.operator,
        stage=stage_at(facts.permits, spell.service, at_ms),
    )


def stage_at(permits: Iterable[Permit], service: ServiceKind, at_ms: int) -> PermitStage | None:
    """Return the furthest stage of the permits that cover a service at a moment; None without any."""
    ranks = [
        STAGES.index(permit.stage)
        for permit in permits
        if service in permit.services
        and ms_of_moment(permit.valid_from) <= at_ms < ms_of_moment(permit.valid_to)
    ]
    return STAGES[max(ranks, default=0)]


def lengths_ms(slots: Sequence[Slot], span: DaySpan) -> list[int]:
    """Return how long each slot lasts."""
    ends = [slot.from_ms for slot in slots[1:]] + [span.to_ms]
    return [end - slot.from_ms for slot, end in zip(slots, ends, strict=False)]


_ROW: Final = np.dtype(
    [("key", "<i8"), ("duty", "i1"), ("service", "i1"), ("district", "<i2"), ("stage", "i1")]
)
_BITS: Final = 36
"""Of a slot's key: milliseconds since the day began, up to two years."""


class Timeline:
    """The slots of many vehicles as columns, answering what held for a position.

    ``numbers`` int64[n] are the vehicles, ascending; a vehicle's *row* is its place among them.
    """

    def __init__(self, span: DaySpan, slots: Sequence[tuple[VehicleNo, tuple[Slot, ...]]]) -> None:
        """Take the slots of each vehicle in the order of their numbers; one without slots is left out."""
        self.span = span
        self.slots = {number: own for number, own in slots if own}
        self.numbers = np.fromiter(self.slots, np.int64, len(self.slots))
        self.begins_ms = np.array([own[0].from_ms for own in self.slots.values()], np.int64)
        """When each vehicle's day begins: at midnight, or when it was registered."""
        self.codes: tuple[DistrictCode, ...] = tuple(
            sorted({slot.district for own in self.slots.values() for slot in own})
        )
        place = {code: number for number, code in enumerate(self.codes)}
        rows = [
            (
                (row << _BITS) + (0 if not nth else slot.from_ms - span.from_ms),
                DUTIES.index(slot.duty),
                SERVICES.index(slot.service),
                place[slot.district],
                STAGES.index(slot.stage),
            )
            for row, own in enumerate(self.slots.values())
            for nth, slot in enumerate(own)
        ]
        self._rows = np.array(rows, _ROW)
        self._keys = np.ascontiguousarray(self._rows["key"])

    def __repr__(self) -> str:
        return f"Timeline({self.span.day}, {len(self.numbers)} vehicles, {len(self._rows)} slots)"

    def rows_of(self, vehicle_no: NDArray[Any]) -> NDArray[np.int64]:
        """Return the row of each vehicle, -1 for one that the timeline does not have."""
        if not len(self.numbers):
            return np.full(len(vehicle_no), -1, np.int64)
        wanted = vehicle_no.astype(np.int64)
        place = np.searchsorted(self.numbers, wanted)
        found = self.numbers[np.minimum(place, len(self.numbers) - 1)] == wanted
        return np.where(found, place, -1)

    def at(self, rows: NDArray[np.int64], ms: NDArray[np.int64]) -> Any:
        """Return what held for each (row, moment): fields duty, service, district, stage, as numbers.

        A moment before the first slot, or before the day, is answered by the first slot.
        """
        since = np.clip(ms - self.span.from_ms, 0, (1 << _BITS) - 1)
        place = np.searchsorted(self._keys, (rows << _BITS) + since, side="right") - 1
        return self._rows[place]
