"""What fits where, and when a merchant is open."""

from datetime import UTC, datetime

import pytest

from core.errors import Invalid
from services.delivery.compartments import Compartment, Parcel, Temperature, common_band, fitting
from services.delivery.opening_hours import is_open, read_hours

T = Temperature
LAYOUT = (
    Compartment(number=1, label="A1", litres=60, max_kg=15),
    Compartment(number=2, label="A2", litres=60, max_kg=15),
    Compartment(number=3, label="B1", litres=120, max_kg=30),
    Compartment(number=4, label="C1", litres=40, max_kg=12, temperature=T.CHILLED),
)


@pytest.mark.parametrize(
    ("parcel", "taken", "expected"),
    [
        (Parcel(litres=5, mass_kg=1), (), 1),
        (Parcel(litres=5, mass_kg=1), (1,), 2),
        (Parcel(litres=5, mass_kg=20), (), 3),
        (Parcel(litres=5, mass_kg=1), (1, 2, 3), 4),
        (Parcel(litres=5, mass_kg=1, temperature=T.CHILLED), (), 4),
        (Parcel(litres=5, mass_kg=1, temperature=T.WARM), (), None),
        (Parcel(litres=121, mass_kg=1), (), None),
        (Parcel(litres=5, mass_kg=1, temperature=T.CHILLED), (4,), None),
    ],
    ids=str,
)
def test_the_box_that_wastes_least(parcel: Parcel, taken: tuple[int, ...], expected: int | None) -> None:
    box = fitting(LAYOUT, taken, parcel)
    assert (box and box.number) == expected


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ([], T.AMBIENT),
        ([T.AMBIENT], T.AMBIENT),
        ([T.AMBIENT, T.CHILLED], T.CHILLED),
        ([T.WARM, T.WARM], T.WARM),
        ([T.WARM, T.CHILLED], None),
    ],
    ids=str,
)
def test_goods_share_a_box_unless_chilled_meets_warm(bands: list[Temperature], expected: object) -> None:
    assert common_band(bands) is expected


@pytest.mark.parametrize(
    ("hours", "utc_hour", "expected"),
    [
        ("00:00-24:00", 3, True),
        ("08:00-20:00", 0, True),
        ("08:00-20:00", 11, True),
        ("08:00-20:00", 12, False),
        ("20:00-06:00", 13, True),
        ("20:00-06:00", 22, False),
    ],
)
def test_hours_are_the_citys_own(hours: str, utc_hour: int, expected: bool) -> None:
    assert is_open(read_hours(hours), datetime(2026, 7, 1, utc_hour, tzinfo=UTC)) is expected


@pytest.mark.parametrize("text", ["", "8-20", "08:00-24:30", "25:00-26:00", "08:00-20:00 "])
def test_hours_written_otherwise_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_hours(text)
