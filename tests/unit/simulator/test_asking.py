"""A vehicle whose way is blocked stands, asks once, and goes on when it was helped or after a while."""

from simulator.vehicles.asking import ASSISTED_S, STANDS_S, Asking


def until_it_asks(asking: Asking) -> int:
    """Return the second of driving in which it asks."""
    return next(second for second in range(10_000_000) if asking.drove(1.0, second * 1000))


def states_of(asking: Asking) -> tuple[bool, bool]:
    return asking.is_standing, asking.is_assisted


def test_the_same_seed_asks_at_the_same_moment_and_none_when_nobody_wants_it() -> None:
    assert until_it_asks(Asking(7, 1, 1.0)) == until_it_asks(Asking(7, 1, 1.0))
    never = Asking(7, 1, 0.0)
    assert not any(never.drove(3_600.0, hour) for hour in range(1_000))


def test_it_stands_until_it_was_helped() -> None:
    asking = Asking(7, 1, 1.0)
    asking.assist(0)
    assert states_of(asking) == (False, False), "a vehicle that did not ask is left alone"
    asked_ms = until_it_asks(asking) * 1000
    asking.pass_time(asked_ms + 60_000)
    assert states_of(asking) == (True, False)
    asking.assist(asked_ms + 60_000)
    assert states_of(asking) == (True, True)
    asking.pass_time(asked_ms + 60_000 + int(ASSISTED_S[1] * 1000))
    assert states_of(asking) == (False, False)


def test_it_goes_on_by_itself_when_nobody_came() -> None:
    asking = Asking(7, 1, 1.0)
    asked_ms = until_it_asks(asking) * 1000
    asking.pass_time(asked_ms + int(STANDS_S * 1000) - 1)
    assert states_of(asking) == (True, False)
    asking.pass_time(asked_ms + int(STANDS_S * 1000))
    assert states_of(asking) == (False, False)
