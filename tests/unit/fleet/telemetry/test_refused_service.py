"""A vehicle where its service is not allowed: once a cause, gone with it, silent where no fence asks."""

from core.kinds import ServiceKind
from fleet.alarms.kinds import AlarmKind
from geofences.fences import Fence, FenceKind, FenceRules
from geofences.index import FenceIndex
from tests.unit.fleet.telemetry.lines import INSIDE, OUTSIDE, Line, a_fence

KIND = AlarmKind.SERVICE_REFUSED


def only(*services: ServiceKind) -> Fence:
    return a_fence(FenceKind.PARK, rules=FenceRules(allowed_services=frozenset(services)))


def test_a_delivery_vehicle_among_sweepers_is_an_alarm_that_names_the_fence() -> None:
    line = Line(only(ServiceKind.SWEEPING))
    for second in range(1, 10):
        line.say(second, INSIDE)
    for second in range(10, 20):
        line.say(second, OUTSIDE)
    assert [(way, kind) for _, way, kind in line.signals] == [("raised", KIND), ("cleared", KIND)]
    assert line.signals[0][0] == 6
    assert (line.raised[0].details["fence_id"], line.raised[0].details["fence_version"]) == ("park", 1)


def test_its_own_service_and_a_fence_for_everybody_raise_nothing() -> None:
    for fence in (only(ServiceKind.DELIVERY), a_fence(FenceKind.PARK)):
        line = Line(fence)
        for second in range(1, 20):
            line.say(second, INSIDE)
        assert line.signals == []


def test_a_fence_that_is_retired_takes_its_alarm_with_it() -> None:
    line = Line(only(ServiceKind.SWEEPING))
    for second in range(1, 10):
        line.say(second, INSIDE)
    line.pipeline.swap(FenceIndex.build((), set_version=5))
    for second in range(10, 20):
        line.say(second, INSIDE)
    assert [way for _, way, _ in line.signals] == ["raised", "cleared"]
