"""What may be asked of history at once; each refusal names the field and the limit. Pure."""

from typing import Final

import msgspec

from core.errors import Invalid

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
VEHICLE_MOST_MS: Final = 31 * DAY_MS
"""Of one vehicle, and of several their spans together."""
AREA_MOST_MS: Final = 6 * HOUR_MS
POINTS_MOST: Final = 90_000
"""Points of one replay: a day at 1 Hz."""
AREA_POINTS_MOST: Final = 200_000
VEHICLES_MOST: Final = 200


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """City milliseconds; both ends belong to it."""

    from_ms: int
    to_ms: int

    @property
    def length_ms(self) -> int:
        """Return how long it is."""
        return self.to_ms - self.from_ms


def span_of(from_ms: int, to_ms: int) -> Span:
    """Return a span; raise Invalid for one that ends before it begins."""
    if from_ms > to_ms:
        raise Invalid(
            "time-out-of-range",
            "the span ends before it begins",
            field="fromMs",
            limit=to_ms,
            from_ms=from_ms,
        )
    return Span(from_ms=from_ms, to_ms=to_ms)


def bounded(span: Span, *, vehicles: int | None) -> None:
    """Raise Invalid when a span is too long for so many vehicles; None is everybody in an area."""
    if vehicles is not None and vehicles > VEHICLES_MOST:
        raise Invalid(
            "invalid-input",
            f"at most {VEHICLES_MOST} vehicles at once",
            field="vehicles",
            limit=VEHICLES_MOST,
        )
    limit = AREA_MOST_MS if vehicles is None else VEHICLE_MOST_MS // max(vehicles, 1)
    if span.length_ms > limit:
        raise Invalid(
            "time-out-of-range",
            f"the span is {span.length_ms / HOUR_MS:.1f} hours long; at most {limit / HOUR_MS:.1f} at once",
            field="toMs",
            limit=span.from_ms + limit,
        )
