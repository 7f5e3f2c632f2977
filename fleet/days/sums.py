"""Sums over vehicle-days: what KPIs are computed from."""

import msgspec


class DaySums(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over vehicle-days; None where no row knows the number."""

    vehicle_days: int = 0
    vehicles: int = 0
    days: int = 0
    corrected: int = 0
    """Rows among them that correct an earlier one."""
    frames: int = 0
    metres: float = 0.0
    known_s: float = 0.0
    permitted_s: float = 0.0
    available_s: float = 0.0
    autonomous_m: float = 0.0
    autonomous_s: float = 0.0
    takeovers: int = 0
    stops: int = 0
    stops_on_the_way: int = 0
    harsh_brakes: int = 0
    alarms: int = 0
    orders: int | None = None
    m2: float | None = None
    kwh: float | None = None
