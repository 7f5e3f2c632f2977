"""What companies owe each other for residents' balances, and how a clearing of it is netted and paid."""

from collections import Counter
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.ids import OperatorId, OrderId
from services.settlement.clearing.clearing import (
    TERMINAL,
    TRANSITIONS,
    Clearing,
    ClearingEvent,
    ClearingId,
    ClearingState,
    Step,
    advance,
    clearing_of,
    closing_entry,
    in_pairs,
    settling_entry,
    sheet,
    state_of,
)
from services.settlement.clearing.crossing import Crossing, PurseMove, crossings_of_purse
from services.settlement.entry import changes, checked

A, B, C = OperatorId("op-a"), OperatorId("op-b"), OperatorId("op-c")
T0 = datetime(2026, 7, 1, tzinfo=UTC)
DAY = date(2026, 7, 1)
S, E = ClearingState, ClearingEvent


def moves(*said: tuple[OperatorId, int, str | None]) -> list[PurseMove]:
    return [
        PurseMove(
            entry_no=number,
            line=0,
            at=T0,
            operator=operator,
            amount_fen=fen,
            order_id=None if order is None else OrderId(order),
            sale_id=None,
        )
        for number, (operator, fen, order) in enumerate(said, start=1)
    ]


def owed(crossings: list[Crossing]) -> list[tuple[int, str, str, int]]:
    return [(one.entry_no, one.debtor, one.creditor, one.amount_fen) for one in crossings]


def test_money_is_spent_in_the_order_in_which_it_was_paid_in() -> None:
    found = crossings_of_purse(moves((A, 100, None), (B, 50, None), (B, -120, "x"), (C, -30, "y")))
    assert owed(found) == [(3, A, B, 100), (4, B, C, 30)]


def test_one_posting_may_be_covered_by_several_companies() -> None:
    found = crossings_of_purse(moves((A, 10, None), (B, 20, None), (C, -30, "x")))
    assert [(*one.key, one.debtor, one.amount_fen) for one in found] == [(3, 0, 0, A, 10), (3, 0, 1, B, 20)]


def test_what_an_order_gives_back_goes_to_where_it_came_from() -> None:
    found = crossings_of_purse(
        moves((A, 10, None), (B, 20, None), (B, -25, "x"), (B, 25, "x"), (A, -10, "y"), (B, -20, "z"))
    )
    assert owed(found) == [(3, A, B, 10), (4, B, A, 10)], "afterwards each pays with what it took in itself"


def test_of_several_sources_the_last_gets_its_money_back_first() -> None:
    found = crossings_of_purse(moves((A, 10, None), (B, 20, None), (C, -30, "x"), (C, 5, "x")))
    assert owed(found)[2:] == [(4, C, B, 5)]


def test_what_is_given_back_beyond_what_came_from_anywhere_is_held_by_who_gives_it() -> None:
    found = crossings_of_purse(moves((A, 10, None), (B, -10, "x"), (B, 15, "x"), (A, -15, "y")))
    assert owed(found) == [(2, A, B, 10), (3, B, A, 10), (4, B, A, 5)]


def test_a_balance_of_one_company_crosses_nothing() -> None:
    assert crossings_of_purse(moves((A, 10, None), (A, -7, "x"), (A, 7, "x"), (A, -10, "y"))) == []


@st.composite
def purses(draw: st.DrawFn) -> list[PurseMove]:
    """Moves that never take a balance below zero, and give back no more than an order cost."""
    said: list[tuple[OperatorId, int, str | None]] = []
    balance, spent = 0, Counter[str]()
    for turn in range(draw(st.integers(1, 25))):
        operator = draw(st.sampled_from((A, B, C)))
        what = draw(st.sampled_from(("top up", "spend", "give back")))
        if what == "spend" and balance:
            fen = draw(st.integers(1, balance))
            said.append((operator, -fen, f"o-{turn}"))
            spent[f"o-{turn}"] += fen
            balance -= fen
        elif what == "give back" and +spent:
            order = draw(st.sampled_from(sorted(+spent)))
            fen = draw(st.integers(1, spent[order]))
            said.append((operator, fen, order))
            spent[order] -= fen
            balance += fen
        else:
            fen = draw(st.integers(1, 50))
            said.append((operator, fen, None))
            balance += fen
    return moves(*said)


@given(purses())
def test_every_fen_of_a_balance_is_held_by_one_company_and_what_it_owes_besides_is_what_it_took_in(
    purse: list[PurseMove],
) -> None:
    found = crossings_of_purse(purse)
    held: Counter[str] = Counter()
    for move in purse:
        held[move.operator] += move.amount_fen
    for one in found:
        assert one.amount_fen > 0
        assert one.debtor != one.creditor
        held[one.debtor] -= one.amount_fen
        held[one.creditor] += one.amount_fen
    assert all(fen >= 0 for fen in held.values())
    assert sum(held.values()) == sum(move.amount_fen for move in purse)
    assert len({one.key for one in found}) == len(found)


@given(purses(), st.integers(0, 25))
def test_later_postings_change_nothing_about_earlier_ones(purse: list[PurseMove], until: int) -> None:
    earlier = [one for one in crossings_of_purse(purse) if one.entry_no <= until]
    assert crossings_of_purse(purse[:until]) == earlier


def a_clearing() -> tuple[Clearing, list[Crossing]]:
    rows = crossings_of_purse(moves((B, 100, None), (A, -70, "x"), (A, 20, "x"), (A, -5, "y")))
    [(pair, found)] = in_pairs(rows).items()
    return clearing_of(ClearingId("c-1"), pair, 1, DAY, found, at=T0), found


def test_a_clearing_nets_its_rows_and_says_who_pays_whom() -> None:
    one, rows = a_clearing()
    assert (one.first, one.second, one.net_fen, one.rows) == (A, B, -70 + 20 - 5, 3)
    assert (one.payer, one.payee, one.amount_fen) == (B, A, 55)
    assert sheet(rows) == sheet(list(reversed(rows)))
    assert sheet(rows).splitlines()[1] == "2,0,0,balance,2026-07-01T00:00:00Z,op-b,op-a,70,x,"


def test_its_entries_leave_the_payer_owing_and_then_the_tills_changed() -> None:
    one, _ = a_clearing()
    closed = checked(closing_entry(one))
    settled = checked(settling_entry(one, reference="T1", actor="staff:s", at=T0))
    assert changes(closed.postings) == {"clearing:op-b": 55, "clearing:op-a": -55}
    both = changes((*closed.postings, *settled.postings))
    assert {account: fen for account, fen in both.items() if fen} == {"till:op-a": -55, "till:op-b": 55}


def step(event: ClearingEvent, seq: int = 1) -> Step:
    return Step(clearing_id=ClearingId("c-1"), seq=seq, event=event, at=T0, operator=A, actor="staff:s")


def test_a_payment_that_did_not_arrive_is_due_again() -> None:
    steps: tuple[Step, ...] = ()
    for seq, event in enumerate((E.PAID, E.DENIED, E.PAID, E.CONFIRMED), start=1):
        steps = advance(steps, step(event, seq))
    assert [state_of(steps[:seen]) for seen in range(5)] == [S.DUE, S.PAID, S.DUE, S.PAID, S.CONFIRMED]


@pytest.mark.parametrize(("state", "event"), list(product(S, E)), ids=str)
def test_every_pair_is_in_the_table_or_raises(state: ClearingState, event: ClearingEvent) -> None:
    ways = {S.DUE: (), S.PAID: (E.PAID,), S.CONFIRMED: (E.PAID, E.CONFIRMED), S.EVEN: (E.EVENED,)}
    steps = tuple(step(each, seq) for seq, each in enumerate(ways[state], start=1))
    assert state_of(steps) is state
    if (state, event) in TRANSITIONS:
        assert state not in TERMINAL
        assert state_of(advance(steps, step(event, 9))) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition):
            advance(steps, step(event, 9))
