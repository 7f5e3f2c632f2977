"""Which fences hold now: the same answer until a minute ends or other fences are in force."""

from datetime import UTC, date, datetime

from geofences.fences import FenceHours, FenceKind, HourSpan
from geofences.index import FenceIndex
from steppe.fences_now import FencesNow
from tests.conftest import SettableClock
from tests.fences import a_fence, a_square

NOON_IN_ORDOS = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
FROM_NOON = FenceHours(
    time_zone="Asia/Shanghai",
    spans=(HourSpan(start_minute=12 * 60, end_minute=13 * 60),),
    valid_from=date(2026, 1, 1),
)


def test_a_closed_area_closes_at_the_minute_at_which_its_hours_begin() -> None:
    clock = SettableClock(NOON_IN_ORDOS)
    index = FenceIndex.build([a_fence("gate", kind=FenceKind.NO_GO, hours=FROM_NOON)], set_version=1)
    now = FencesNow(lambda: index, clock)
    clock.advance(-0.5)
    assert now.closed() == () == now.running()
    clock.advance(0.5)
    assert now.closed() == (a_square(),)
    clock.advance(3600.0)
    assert now.closed() == ()


def test_what_is_published_holds_at_once() -> None:
    clock = SettableClock(NOON_IN_ORDOS)
    indexes = [FenceIndex.build([], set_version=1)]
    now = FencesNow(lambda: indexes[-1], clock)
    assert now.closed() == ()
    indexes.append(FenceIndex.build([a_fence("pond", kind=FenceKind.NO_GO)], set_version=2))
    assert now.closed() == (a_square(),)


def test_nothing_is_made_anew_while_nothing_changes() -> None:
    clock = SettableClock(NOON_IN_ORDOS)
    fences = [a_fence("pond", kind=FenceKind.NO_GO), a_fence("slow")]
    indexes = [FenceIndex.build(fences, set_version=1)]
    now = FencesNow(lambda: indexes[-1], clock)
    closed = now.closed()
    assert [fence.fence_id for fence in now.running()] == ["pond", "slow"]
    clock.advance(61.0)
    indexes.append(FenceIndex.build([*fences, a_fence("other")], set_version=2))
    assert now.closed() is closed
