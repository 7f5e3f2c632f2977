"""Which posting stands on the statement of which day, and what a sheet says."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import MerchantId, OperatorId
from services.settlement.entry import EntrySource, PostingKind
from services.settlement.statement import (
    StatementLine,
    by_day,
    end_of,
    last_ended_day,
    sheet,
    statement_of,
    sums_of,
)

CITY = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 7, 1)
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def a_line(number: int, day: int = 0, amount_fen: int = 100, **changed: object) -> StatementLine:
    values: dict[str, object] = {
        "entry_no": number,
        "line": 0,
        "at": NOON + timedelta(days=day),
        "source": EntrySource.ORDER,
        "kind": PostingKind.GOODS,
        "amount_fen": amount_fen,
        "order_id": None,
        "note": "",
    }
    return StatementLine(**{**values, **changed})  # type: ignore[arg-type]


def test_a_day_may_be_closed_an_hour_after_its_local_midnight() -> None:
    midnight = end_of(FIRST, CITY)
    assert midnight == datetime(2026, 7, 1, 16, 0, tzinfo=UTC)
    assert last_ended_day(midnight + timedelta(minutes=59), CITY) == date(2026, 6, 30)
    assert last_ended_day(midnight + timedelta(minutes=60), CITY) == FIRST


def test_what_comes_late_stands_on_the_next_statement_that_there_is() -> None:
    second, third = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
    late, timely = a_line(9, 0), a_line(8, 2)
    days = by_day([timely, late], FIRST, third, CITY)
    assert [(day, [line.entry_no for line in lines]) for day, lines in days.items()] == [(third, [8, 9])]
    assert [line.is_late for line in days[third]] == [False, True]
    assert list(by_day([late], FIRST, second, CITY)) == [second], "alone it makes one"
    assert by_day([late], FIRST, FIRST, CITY) == {}, "closed too: it waits"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-900, 900).filter(bool)), max_size=25),
    st.lists(st.integers(0, 6), min_size=1, max_size=6),
)
def test_every_posting_stands_on_one_statement_and_statements_follow_each_other(
    moved: list[tuple[int, int]], closings: list[int]
) -> None:
    """Postings come in any order of days, some after their day was closed; closings happen now and then."""
    waiting = [a_line(number, day, fen) for number, (day, fen) in enumerate(moved)]
    closed, stated, before = [], [], None
    chunks = [waiting[start :: len(closings)] for start in range(len(closings))]
    pending: list[StatementLine] = []
    for until_day, chunk in zip(sorted(closings), chunks, strict=True):
        until = FIRST + timedelta(days=until_day)
        pending += chunk
        ripe = [line for line in pending if line.at < end_of(until, CITY)]
        for day, lines in by_day(ripe, None if before is None else before.day, until, CITY).items():
            before = statement_of(OperatorId("op"), MerchantId("m"), before, day, lines, at=NOON)
            closed.append(before)
            stated += lines
            taken = {line.entry_no for line in lines}
            pending = [line for line in pending if line.entry_no not in taken]
    numbers = [line.entry_no for line in stated]
    assert len(numbers) == len(set(numbers))
    assert sorted(numbers + [line.entry_no for line in pending]) == list(range(len(moved)))
    assert [one.number for one in closed] == list(range(1, len(closed) + 1))
    assert all(a.day < b.day and a.closing_fen == b.opening_fen for a, b in itertools.pairwise(closed))
    assert (closed[-1].closing_fen if closed else 0) == sum(line.amount_fen for line in stated)


def test_a_sheet_is_proved_by_its_hash_and_its_notes_are_no_formulas() -> None:
    lines = [a_line(1, note="=cmd()"), a_line(2, amount_fen=-30, kind=PostingKind.PLATFORM_FEE)]
    assert sheet(lines).splitlines() == [
        "entry_no,at,source,kind,amount_fen,order_id,is_late,note",
        "1,2026-07-01T04:00:00+00:00,order,goods,100,,0,'=cmd()",
        "2,2026-07-01T04:00:00+00:00,order,platform_fee,-30,,0,",
    ]
    assert sums_of(lines) == {PostingKind.GOODS: 100, PostingKind.PLATFORM_FEE: -30}
    one, other = (
        statement_of(OperatorId("op"), MerchantId("m"), None, FIRST, some, at=NOON)
        for some in (lines, lines[:1])
    )
    assert one.sha256 != other.sha256
