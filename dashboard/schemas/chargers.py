"""Chargers on the wire: their slots, who has them, who waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from services.charging.charger import Charger, ChargerKind, Reservation, ReservationState, in_queue
from services.places.place import Place


class SwitchBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Open or close a charger, and why; who stands there stays."""

    is_open: bool
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ReservationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle at a charger, on its way there, or waiting."""

    vehicle_no: VehicleNo
    code: str | None
    slot: int | None
    state: ReservationState
    reach_m: float
    preheat_s: float
    asked_at: datetime
    given_at: datetime | None
    arrived_at: datetime | None


class ChargerView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A charger: who has its slots, and who waits in the order in which they are served."""

    place_id: str
    district: str
    name_zh: str
    name_en: str
    kind: ChargerKind
    slots: int
    power_w: float
    swap_s: float
    is_open: bool
    is_synthetic: bool
    holders: tuple[ReservationView, ...]
    queue: tuple[ReservationView, ...]


class ChargerList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Chargers within reach, by 旗区."""

    items: tuple[ChargerView, ...]


def charger_view(
    charger: Charger,
    place: Place | None,
    reservations: Sequence[Reservation],
    codes: Mapping[VehicleNo, str | None],
) -> ChargerView:
    """Return a charger as screens show it; vehicles beyond the reader's reach have a slot and no name."""
    here = [each for each in reservations if each.place_id == charger.place_id]
    waiting = in_queue(each for each in here if each.state is ReservationState.WAITING)
    holding = sorted((each for each in here if each.slot is not None), key=lambda each: each.slot or 0)
    return ChargerView(
        place_id=charger.place_id,
        district=charger.district,
        name_zh=charger.place_id if place is None else place.name_zh,
        name_en=charger.place_id if place is None else place.name_en,
        kind=charger.kind,
        slots=charger.slots,
        power_w=charger.power_w,
        swap_s=charger.swap_s,
        is_open=charger.is_open,
        is_synthetic=place is not None and place.is_synthetic,
        holders=tuple(_view(each, codes) for each in holding),
        queue=tuple(_view(each, codes) for each in waiting),
    )


def _view(reservation: Reservation, codes: Mapping[VehicleNo, str | None]) -> ReservationView:
    return ReservationView(
        vehicle_no=reservation.vehicle_no,
        code=codes.get(reservation.vehicle_no),
        slot=reservation.slot,
        state=reservation.state,
        reach_m=reservation.reach_m,
        preheat_s=reservation.preheat_s,
        asked_at=reservation.asked_at,
        given_at=reservation.given_at,
        arrived_at=reservation.arrived_at,
    )
