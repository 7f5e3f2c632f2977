"""The holidays of a pack, day by day."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from services.schedules.calendar import Holiday


class HolidaySpan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """holidays.toml: a public holiday from its first to its last day, and the weekend days worked for it."""

    name_zh: Annotated[str, Meta(min_length=1)]
    name_en: Annotated[str, Meta(min_length=1)]
    first: date
    last: date
    worked: tuple[date, ...] = ()


def holiday_days(holidays: Iterable[HolidaySpan]) -> list[Holiday]:
    """Return every day of the holidays, and of the weekends worked for them, in the order of the file."""
    days = []
    for holiday in holidays:
        names = {"name_zh": holiday.name_zh, "name_en": holiday.name_en}
        length = (holiday.last - holiday.first).days + 1
        free = [holiday.first + timedelta(days=n) for n in range(length)]
        days += [Holiday(day=day, is_working=False, **names) for day in free]
        days += [Holiday(day=day, is_working=True, **names) for day in holiday.worked]
    return days
