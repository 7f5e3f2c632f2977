"""Energy: what driving, standing and cold cost, and how a charger gives it back."""

import itertools

import msgspec

STANDING_W = 55.0
"""Computers, sensors and radio of a vehicle that stands ready."""
CHARGER_W = 7_000.0
TAPER_FROM = 0.8
"""Above this share the current falls, to a fifth at full."""
COLD_CHARGE_BELOW_C = 0.0
COLD_CHARGE_FACTOR = 0.3
"""Below freezing a lithium cell takes little current until it is warm."""
HEATER_W = 600.0
HEAT_C_PER_WH = 0.035
"""A pack of 100 kg at 1 kJ/(kg K) takes 28 Wh a degree."""
SETTLE_S = 7_200.0
"""Time in which the pack's temperature follows the air's to 63 %."""
_FACTORS = ((-30.0, 1.85), (-15.0, 1.5), (0.0, 1.22), (20.0, 1.0), (45.0, 1.1))
"""Consumption against 20 °C by air temperature."""


def consumption_factor(air_c: float) -> float:
    """Return consumption relative to 20 °C: straight between the points, flat beyond them."""
    if air_c <= _FACTORS[0][0]:
        return _FACTORS[0][1]
    for (cold, more), (warm, less) in itertools.pairwise(_FACTORS):
        if air_c <= warm:
            return more + (less - more) * (air_c - cold) / (warm - cold)
    return _FACTORS[-1][1]


class Battery(msgspec.Struct):
    """Charge and temperature of one pack."""

    capacity_wh: float
    ratio: float
    temperature_c: float
    heat_to_c: float | None = None
    """Warm the pack to this before it is charged; None leaves it alone."""
    is_heater_broken: bool = False
    """Nothing warms the pack but the air, and a frozen cell takes no charge at all."""

    def use(self, driven_m: float, wh_km: float, air_c: float, dt_s: float) -> None:
        """Take what a step of driving or standing costs; never below empty."""
        spent_wh = STANDING_W * dt_s / 3600
        if driven_m:
            spent_wh += driven_m / 1000 * wh_km * consumption_factor(air_c)
        spent_wh += self._heat(dt_s)
        self._settle(air_c, dt_s)
        self.ratio = max(0.0, self.ratio - spent_wh / self.capacity_wh)

    def charge(self, air_c: float, dt_s: float) -> None:
        """Take what a charger gives in a step; never above full."""
        power_w = CHARGER_W
        if self.ratio > TAPER_FROM:
            power_w *= 1 - 0.8 * (self.ratio - TAPER_FROM) / (1 - TAPER_FROM)
        if self.temperature_c < COLD_CHARGE_BELOW_C:
            power_w *= 0.0 if self.is_heater_broken else COLD_CHARGE_FACTOR
            self._warm(HEATER_W * dt_s / 3600)
        self._settle(air_c + 8.0, dt_s)
        self.ratio = min(1.0, self.ratio + power_w * dt_s / 3600 / self.capacity_wh)

    def _heat(self, dt_s: float) -> float:
        if self.heat_to_c is None:
            return 0.0
        if self.temperature_c >= self.heat_to_c:
            self.heat_to_c = None
            return 0.0
        return self._warm(HEATER_W * dt_s / 3600)

    def _warm(self, spent_wh: float) -> float:
        """Return what the heater really spent."""
        if self.is_heater_broken:
            return 0.0
        self.temperature_c += spent_wh * HEAT_C_PER_WH
        return spent_wh

    @property
    def is_too_cold_to_charge(self) -> bool:
        """Whether it takes no charge, however long it is plugged in."""
        return self.is_heater_broken and self.temperature_c < COLD_CHARGE_BELOW_C

    def _settle(self, towards_c: float, dt_s: float) -> None:
        self.temperature_c += (towards_c - self.temperature_c) * min(1.0, dt_s / SETTLE_S)

    def range_m(self, wh_km: float, air_c: float) -> float:
        """Return how far it reaches at this temperature."""
        return self.ratio * self.capacity_wh / (wh_km * consumption_factor(air_c)) * 1000
