"""How finely an hour is kept: by its age, and by the bytes."""

import pytest

from fleet.history.kept import HOUR_MS
from fleet.history.ledger import Level, Run, with_runs
from fleet.history.retention import (
    DAY_MS,
    Hour,
    Keeping,
    Step,
    level_by_age,
    next_status_step,
    next_step,
)

NOW = 1_800_000_000_000
KEEPING = Keeping(
    full_rate_bytes=100,
    full_rate_days=90,
    full_rate_least_hours=48,
    thinned_days=365,
    evidence_days=1095,
    status_days=30,
)


def an_hour(days_old: float, level: Level = Level.FULL, bytes_: int = 30) -> Hour:
    return Hour(hour=int((NOW - days_old * DAY_MS) // HOUR_MS) - 1, level=level, bytes=bytes_, stored=9)


@pytest.mark.parametrize(
    ("days", "level"),
    [(1, Level.FULL), (89, Level.FULL), (91, Level.THINNED), (366, Level.EVIDENCE), (1096, Level.GONE)],
)
def test_age_alone_decides_when_there_is_room(days: float, level: Level) -> None:
    assert level_by_age(an_hour(days).hour, NOW, KEEPING) is level


def test_nothing_is_thinned_while_everything_fits() -> None:
    hours = [an_hour(days) for days in (3, 4, 5)]
    assert next_step(hours, 10, NOW, KEEPING) is None


def test_above_the_budget_the_oldest_hour_is_thinned() -> None:
    hours = [an_hour(days) for days in (3, 5, 4)]
    assert next_step(hours, 11, NOW, KEEPING) == Step(
        hour=an_hour(5).hour, level=Level.THINNED, reason="bytes"
    )


def test_then_the_next_oldest_until_it_fits() -> None:
    hours = [an_hour(3), an_hour(4), an_hour(5, Level.THINNED, 5)]
    assert next_step(hours, 30, NOW, KEEPING) is None
    assert next_step(hours, 40, NOW, KEEPING) == Step(
        hour=an_hour(4).hour, level=Level.THINNED, reason="bytes"
    )


def test_what_vehicle_days_are_computed_from_is_never_thinned_for_bytes() -> None:
    assert next_step([an_hour(1.9), an_hour(0.5)], 10**9, NOW, KEEPING) is None


def test_what_is_too_old_comes_first() -> None:
    hours = [an_hour(5, bytes_=10**6), an_hour(400, Level.THINNED)]
    assert next_step(hours, 0, NOW, KEEPING) == Step(
        hour=an_hour(400).hour, level=Level.EVIDENCE, reason="age"
    )


def test_an_hour_is_never_kept_more_finely_again() -> None:
    assert next_step([an_hour(100, Level.EVIDENCE)], 0, NOW, KEEPING) is None
    assert next_step([an_hour(100, Level.GONE)], 0, NOW, KEEPING) is None


def test_status_records_go_after_their_days() -> None:
    assert next_status_step([an_hour(29)], NOW, KEEPING) is None
    assert next_status_step([an_hour(31)], NOW, KEEPING) == Step(
        hour=an_hour(31).hour, level=Level.GONE, reason="age"
    )
    assert next_status_step([an_hour(31, Level.GONE)], NOW, KEEPING) is None


def test_runs_of_raw_files_are_joined_where_they_touch() -> None:
    assert with_runs((Run(5, 6, 20),), {4: 1, 7: 2, 9: 3}) == (Run(4, 7, 23), Run(9, 9, 3))
