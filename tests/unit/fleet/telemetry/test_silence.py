"""Many silences along a timeline: groups of one cause, known radio holes, reasons. No store, no clock."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pytest

from core.clock import ms_of_moment
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.radio_holes import RadioHoles
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from fleet.telemetry.roster import Roster, RosterRow
from fleet.telemetry.silence_groups import GroupLimits, grouped, is_over
from fleet.telemetry.steps.liveness import HOLE_RESOLUTION
from fleet.telemetry.tick import Comeback, Tick
from fleet.vehicles.kinds import SILENCE_REASONS, SilenceReason
from geofences.cover import cells_of
from tests.unit.fleet.telemetry.lines import START

OWN, MAKER, AREA = AlarmKind.OFFLINE_ON_DUTY, AlarmKind.MAKER_SILENT, AlarmKind.AREA_SILENT


class Fleet:
    """Vehicles 1…n under way, every third of maker a, the others of b; each stands at its own place."""

    def __init__(self, count: int = 30, apart_deg: float = 0.02) -> None:
        self.roster = Roster()
        self.numbers = range(1, count + 1)
        self.roster.put(
            [
                RosterRow(
                    vehicle_no=VehicleNo(n),
                    maker=MakerId("a" if n % 3 == 0 else "b"),
                    operator=OperatorId("o"),
                    district=DistrictCode("KB"),
                    service=ServiceKind.DELIVERY,
                    is_under_way=True,
                )
                for n in self.numbers
            ]
        )
        self.apart_deg = apart_deg
        self.pipeline = Pipeline(self.roster)
        self.seq = 0
        self.said: list[tuple[float, str, AlarmKind, int]] = []
        self.raised: list[AlarmRaised] = []
        self.comebacks: list[Comeback] = []

    def lat(self, number: int) -> float:
        return 39.5 + number % 6 * self.apart_deg

    def lng(self, number: int) -> float:
        return 109.5 + number // 6 * self.apart_deg

    def hear(self, at_s: float, numbers: Iterable[int], flags: int = 0) -> Tick:
        self.seq += 1
        at = START + timedelta(seconds=at_s)
        those = list(numbers)
        records = np.zeros(len(those), STREAM_POSITION)
        records["vehicle_no"], records["seq"], records["measured_ms"] = those, self.seq, ms_of_moment(at)
        records["lat_e7"] = [round(self.lat(n) * 1e7) for n in those]
        records["lng_e7"] = [round(self.lng(n) * 1e7) for n in those]
        records["battery_200"], records["speed_cm_s"], records["mode_flags"] = 160, 300, flags
        entry = Entry(ms_of_moment(at), records, np.zeros(0, STREAM_STATUS))
        tick = self.pipeline.process([entry], at=at, is_silence_due=True)
        for signal in tick.signals:
            is_raised = isinstance(signal, AlarmRaised)
            word = "raised" if is_raised else "cleared"
            self.said.append((at_s, word, signal.kind, int(signal.vehicle_no)))
            if isinstance(signal, AlarmRaised):
                self.raised.append(signal)
        self.comebacks += tick.comebacks
        return tick

    def without(self, start_s: int, end_s: int, silent: Iterable[int]) -> None:
        """Let seconds pass in which some are not heard."""
        heard = [n for n in self.numbers if n not in set(silent)]
        for at_s in range(start_s, end_s):
            self.hear(at_s, heard)

    def of(self, kind: AlarmKind, word: str = "raised") -> list[int]:
        return sorted(n for _, w, k, n in self.said if (w, k) == (word, kind))

    def reason(self, number: int) -> SilenceReason:
        return SILENCE_REASONS[int(self.pipeline.live.state[number]["silence"])]


class TestOneLinkOfAMaker:
    """Maker b has 60 of 90 vehicles and several links; 20 of them are on the one that drops."""

    LINK = tuple(n for n in range(1, 91) if n % 3 != 0)[:20]
    OTHERS = tuple(n for n in range(1, 91) if n % 3 != 0)[20:]

    def test_its_vehicles_are_one_group_though_they_are_a_small_part_of_the_makers(self) -> None:
        fleet = Fleet(90)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, self.LINK)
        assert fleet.of(MAKER) == list(self.LINK)
        assert {signal.cause for signal in fleet.raised} == {"b"}
        assert (fleet.of(OWN), fleet.of(AREA)) == ([], [])
        fleet.hear(80, fleet.numbers)
        assert fleet.of(MAKER, "cleared") == list(self.LINK)

    def test_one_of_the_maker_that_falls_silent_later_has_an_alarm_of_its_own(self) -> None:
        fleet = Fleet(90)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, self.LINK)
        late = self.OTHERS[0]
        fleet.without(80, 160, [*self.LINK, late])
        assert fleet.of(MAKER) == list(self.LINK)
        assert fleet.of(OWN) == [late]

    def test_a_second_link_that_drops_while_the_first_is_away_joins_its_makers_group(self) -> None:
        fleet = Fleet(90)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, self.LINK)
        second = self.OTHERS[:20]
        fleet.without(80, 160, [*self.LINK, *second])
        assert fleet.of(MAKER) == sorted([*self.LINK, *second])
        assert fleet.of(OWN) == []

    def test_fewer_than_a_link_far_apart_are_alarms_of_their_own(self) -> None:
        fleet = Fleet(90)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, self.LINK[:19])
        assert (fleet.of(MAKER), fleet.of(OWN)) == ([], list(self.LINK[:19]))


MAKER_A = [n for n in range(1, 31) if n % 3 == 0]


class TestGroups:
    def test_a_makers_vehicles_that_fall_silent_together_are_one_group_and_nobody_else(self) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, MAKER_A)
        assert fleet.of(MAKER) == MAKER_A
        assert {signal.cause for signal in fleet.raised} == {"a"}
        assert fleet.of(OWN) == []
        assert fleet.reason(3) is SilenceReason.MAKER_DOWN
        fleet.hear(80, fleet.numbers)
        assert fleet.of(MAKER, "cleared") == MAKER_A
        assert (fleet.of(OWN), fleet.reason(3)) == ([], SilenceReason.NONE)
        assert fleet.comebacks == [], "a silence of many tells nothing of a place"

    def test_who_stays_silent_after_the_group_is_over_gets_an_alarm_of_its_own(self) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, MAKER_A)
        fleet.without(80, 90, [3, 6])
        assert fleet.of(OWN) == [3, 6]
        assert fleet.of(MAKER, "cleared") == MAKER_A
        assert {signal.details["after_group"] for signal in fleet.raised if signal.kind is OWN} == {"a"}
        fleet.hear(90, fleet.numbers)
        assert fleet.of(OWN, "cleared") == [3, 6]

    def test_silences_that_come_one_by_one_are_alarms_of_their_own(self) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        silent: list[int] = []
        for at_s in range(1, 220):
            if at_s % 10 == 0 and len(silent) < 6:
                silent.append(MAKER_A[len(silent)])
            fleet.hear(at_s, [n for n in fleet.numbers if n not in silent])
        assert fleet.of(OWN) == MAKER_A[:6]
        assert fleet.of(MAKER) == []

    def test_a_few_of_many_are_no_group(self) -> None:
        fleet = Fleet(90)
        few = [n for n in fleet.numbers if n % 3 == 0][:6]
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, few)
        assert (fleet.of(MAKER), fleet.of(OWN)) == ([], few)

    def test_vehicles_in_one_place_of_several_makers_are_a_group_of_the_area(self) -> None:
        fleet = Fleet(30)
        crowd = list(range(1, 9))
        places = {n: (39.7, 109.9 + n * 1e-4) for n in crowd}
        lat, lng = fleet.lat, fleet.lng
        fleet.lat = lambda n: places[n][0] if n in places else lat(n)  # type: ignore[assignment, method-assign]
        fleet.lng = lambda n: places[n][1] if n in places else lng(n)  # type: ignore[assignment, method-assign]
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, crowd)
        assert fleet.of(AREA) == crowd
        assert (fleet.of(MAKER), fleet.of(OWN)) == ([], [])
        assert fleet.reason(1) is SilenceReason.AREA_DOWN

    def test_a_group_survives_a_restart_of_the_tracker(self) -> None:
        before = Fleet()
        before.hear(0, before.numbers)
        before.without(1, 80, MAKER_A)
        after = Fleet()
        after.seq = before.seq
        after.pipeline.recall(before.pipeline.live.state[1:31].copy(), None)
        after.without(80, 100, MAKER_A)
        assert after.said == []
        after.hear(100, after.numbers)
        assert after.of(MAKER, "cleared") == MAKER_A
        assert after.of(OWN) == []

    def test_a_vehicle_that_nobody_expects_any_more_leaves_its_group(self) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 80, MAKER_A)
        fleet.roster.under_way[3] = False
        fleet.without(80, 82, MAKER_A)
        assert fleet.of(MAKER, "cleared") == [3]


class TestRadioHoles:
    def fleet_with_hole(self, number: int, patience_s: float) -> Fleet:
        fleet = Fleet()
        [cell] = cells_of(
            np.array([fleet.lat(number)]), np.array([fleet.lng(number)]), HOLE_RESOLUTION
        ).tolist()
        fleet.pipeline.alarms.silence.holes = RadioHoles([(cell, patience_s)])
        return fleet

    def test_a_silence_in_a_known_hole_waits_and_says_so(self) -> None:
        fleet = self.fleet_with_hole(7, 300)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 290, [7, 8])
        assert fleet.of(OWN) == [8], "beside it nothing waits"
        assert (fleet.reason(7), fleet.reason(8)) == (SilenceReason.RADIO_HOLE, SilenceReason.SILENT)
        fleet.without(290, 310, [7, 8])
        assert fleet.of(OWN) == [7, 8]
        assert fleet.raised[-1].details["radio_hole"] is True

    def test_a_vehicle_that_comes_out_of_the_hole_in_time_raises_nothing(self) -> None:
        fleet = self.fleet_with_hole(7, 300)
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 200, [7])
        fleet.hear(200, fleet.numbers)
        assert (fleet.said, fleet.reason(7)) == ([], SilenceReason.NONE)

    def test_a_comeback_teaches_where_it_was_silent_and_for_how_long(self) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        fleet.without(1, 45, [7])
        fleet.hear(45, fleet.numbers)
        [comeback] = fleet.comebacks
        assert (comeback.vehicle_no, comeback.silent_s) == (7, 45.0)
        [cell] = cells_of(np.array([fleet.lat(7)]), np.array([fleet.lng(7)]), HOLE_RESOLUTION).tolist()
        assert comeback.cell == cell

    @pytest.mark.parametrize("silent_s", [11, 29], ids=["just stale", "short"])
    def test_a_short_silence_teaches_nothing(self, silent_s: int) -> None:
        fleet = Fleet()
        fleet.hear(0, fleet.numbers)
        fleet.without(1, silent_s, [7])
        fleet.hear(silent_s, fleet.numbers)
        assert fleet.comebacks == []

    def test_our_own_deafness_and_an_announced_sleep_teach_nothing(self) -> None:
        fleet = Fleet()
        fleet.hear(0, [n for n in fleet.numbers if n != 7])
        fleet.hear(0.5, [7], flags=PositionFlag.HIBERNATING)
        fleet.pipeline.liveness.listening_since_ms = ms_of_moment(START + timedelta(seconds=100))
        fleet.without(100, 115, [7, 8])
        fleet.hear(115, fleet.numbers)
        assert fleet.comebacks == []


def test_reasons_of_silence_follow_the_vehicle() -> None:
    fleet = Fleet()
    fleet.hear(0, fleet.numbers)
    fleet.hear(1, [1], flags=PositionFlag.HIBERNATING)
    fleet.without(2, 70, [1, 2])
    assert [fleet.reason(n) for n in (1, 2, 4)] == [
        SilenceReason.HIBERNATING,
        SilenceReason.SILENT,
        SilenceReason.NONE,
    ]


def test_a_group_is_those_of_one_key_that_were_cut_off_together() -> None:
    keys = np.array([1, 1, 1, 1, 2, 2])
    heard_ms = np.array([0, 4_000, 60_000, 1_000, 0, 100])
    limits = GroupLimits(least=3)
    assert grouped(keys, heard_ms, lambda key: 4, limits).tolist() == [True, True, False, True, False, False]
    assert not grouped(keys, heard_ms, lambda key: 7, limits).any(), "less than half of those on the road"
    assert (is_over(10, 6, limits), is_over(10, 5, limits)) == (False, True)
