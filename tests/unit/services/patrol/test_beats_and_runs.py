"""What a beat may be, what evidence is worth, how a run goes on: tables and limits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.clock import ms_of_moment
from core.errors import IllegalTransition, Invalid
from core.ids import DistrictCode, OperatorId, StopId, VehicleNo
from services.patrol.beat import USUAL_WITHIN_M, Beat, BeatId, Checkpoint, check_beat
from services.patrol.kinds import (
    POINT_TERMINAL,
    POINT_TRANSITIONS,
    RUN_OVER,
    RUN_TERMINAL,
    RUN_TRANSITIONS,
    TO_SEE,
    FindingKind,
    MissedReason,
    PointEvent,
    PointState,
    RunEvent,
    RunState,
    Verdict,
    finding_of,
)
from services.patrol.run import (
    AGAIN_WITHIN,
    Evidence,
    EvidenceId,
    RunId,
    RunPoint,
    accepted,
    advance,
    advance_point,
    can_wait,
    contradicted,
    judge,
    run_of,
)
from services.patrol.track import APART_M, NEAR_S, Fix, compare

CITY = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
POINT = Checkpoint(checkpoint_id="c-1", name_zh="东门", name_en="East gate", lat=39.6, lng=109.8)

EVIDENCE = Evidence(
    evidence_id=EvidenceId("e-1"),
    run_id=RunId("r-1"),
    checkpoint_id="c-1",
    beat_id=BeatId("b-1"),
    vehicle_no=VehicleNo(9),
    report_seq=1,
    stop_id=StopId("s-1"),
    taken_at=NOON,
    lat=39.6,
    lng=109.8,
    off_m=0.0,
    verdict=Verdict.ACCEPTED,
)
A_RUN_POINT = RunPoint(run_id=RunId("r-1"), seq=1, point=POINT)


def a_beat(*points: Checkpoint, **changes: Any) -> Beat:
    beat = Beat(
        beat_id=BeatId("b-1"),
        operator=OperatorId("op"),
        district=DistrictCode("KB"),
        time_zone="Asia/Shanghai",
        name_zh="夜巡",
        name_en="Night beat",
        checkpoints=points or (POINT,),
        changed_at=NOON,
    )
    return msgspec.structs.replace(beat, **changes)


def point(**changes: Any) -> Checkpoint:
    return msgspec.structs.replace(POINT, **changes)


def test_a_beat_of_one_checkpoint_at_any_time_and_one_past_midnight_are_fine() -> None:
    check_beat(a_beat())
    check_beat(a_beat(POINT, point(checkpoint_id="c-2", opens_min=1320, closes_min=120)))


@pytest.mark.parametrize(
    ("beat", "field", "limit"),
    [
        (a_beat(checkpoints=()), "checkpoints", "1 to 40"),
        (a_beat(name_en=" "), "nameEn", "1 to 80"),
        (a_beat(POINT, POINT), "checkpoints.checkpointId", "unique"),
        (a_beat(point(dwell_s=4)), "checkpoints[0].dwellS", "5 to 1800"),
        (a_beat(point(within_m=500)), "checkpoints[0].withinM", "10 to 100"),
        (a_beat(point(opens_min=60)), "checkpoints[0].closesMin", "both or none"),
        (a_beat(point(opens_min=60, closes_min=1440)), "checkpoints[0].closesMin", "0 to 1439"),
        (a_beat(point(opens_min=60, closes_min=65)), "checkpoints[0].closesMin", "10 min"),
        (a_beat(point(dwell_s=1800, opens_min=60, closes_min=85)), "checkpoints[0].closesMin", "31 min"),
        (a_beat(POINT, point(checkpoint_id="far", lat=40.6)), "checkpoints", "30 km"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_beat_that_nobody_could_go_round_is_refused_by_field_and_limit(
    beat: Beat, field: str, limit: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_beat(beat)
    assert (refused.value.fields["field"], refused.value.fields["limit"]) == (field, limit)


@pytest.mark.parametrize(
    ("lat", "hour", "verdict"),
    [
        (39.6, 4, Verdict.ACCEPTED),
        (39.6 + 24 / 111_195, 4, Verdict.ACCEPTED),
        (39.6 + 26 / 111_195, 4, Verdict.TOO_FAR),
        (39.6, 6, Verdict.OUT_OF_WINDOW),
    ],
)
def test_evidence_counts_within_25_m_and_within_the_window(lat: float, hour: int, verdict: Verdict) -> None:
    noon_only = point(opens_min=700, closes_min=800)
    assert noon_only.within_m == USUAL_WITHIN_M == 25
    judged, off_m = judge(noon_only, lat=lat, lng=109.8, at=NOON.replace(hour=hour), zone=CITY)
    assert judged is verdict
    assert off_m == pytest.approx(abs(lat - 39.6) * 111_195, abs=0.2)


def test_a_checkpoint_whose_window_is_over_is_not_waited_for() -> None:
    noon_only = point(opens_min=700, closes_min=800)
    assert can_wait(POINT, at=NOON, zone=CITY)
    assert can_wait(noon_only, at=NOON, zone=CITY)
    assert can_wait(noon_only, at=NOON - timedelta(minutes=40), zone=CITY)
    assert not can_wait(noon_only, at=NOON + timedelta(minutes=80), zone=CITY)


def test_a_run_is_called_away_comes_back_loses_its_vehicle_and_is_done() -> None:
    run = run_of(a_beat(), RunId("r"), begin_by=NOON, at=NOON)
    steps = (RunEvent.GIVEN, RunEvent.SUSPENDED, RunEvent.RESUMED, RunEvent.PUT_BACK, RunEvent.GIVEN)
    for event in steps:
        run = advance(run, event, at=NOON)
    assert (run.attempt, run.version, run.begin_by) == (2, 6, NOON + AGAIN_WITHIN)
    done = advance(run, RunEvent.DONE, at=NOON)
    assert (done.state, done.closed_at) == (RunState.DONE, NOON)
    for event in set(RunEvent) - {RunEvent.CONTRADICTED}:
        with pytest.raises(IllegalTransition):
            advance(done, event, at=NOON)


def test_a_run_that_turns_out_doubtful_is_done_again_when_that_is_accepted_and_ended_when_it_ended() -> None:
    run = advance(run_of(a_beat(), RunId("r"), begin_by=NOON, at=NOON), RunEvent.GIVEN, at=NOON)
    done = advance(run, RunEvent.DONE, at=NOON)
    later = NOON + timedelta(hours=1)
    doubtful = advance(done, RunEvent.CONTRADICTED, at=later, reason="evidence_doubtful")
    assert (doubtful.state, doubtful.closed_at, doubtful.reason) == (
        RunState.DOUBTFUL,
        NOON,
        "evidence_doubtful",
    )
    again = advance(doubtful, RunEvent.ACCEPTED, at=later, reason="")
    assert (again.state, again.closed_at) == (RunState.DONE, NOON)


@pytest.mark.parametrize("event", PointEvent)
@pytest.mark.parametrize("state", PointState)
def test_every_step_of_a_checkpoint_is_in_the_table_or_refused(state: PointState, event: PointEvent) -> None:
    own = msgspec.structs.replace(A_RUN_POINT, state=state, evidence_id=EVIDENCE.evidence_id)
    step: Callable[[], RunPoint] = {
        PointEvent.EVIDENCE_TAKEN: lambda: advance_point(own, event, evidence=EVIDENCE),
        PointEvent.GIVEN_UP: lambda: advance_point(own, event, reason=MissedReason.NOT_REACHED),
        PointEvent.CONTRADICTED: lambda: contradicted(own),
        PointEvent.ACCEPTED: lambda: accepted(own, EVIDENCE, by_name="x", reason="seen", at=NOON),
    }[event]
    target = POINT_TRANSITIONS.get((state, event))
    if target is None:
        with pytest.raises(IllegalTransition):
            step()
    else:
        moved = step()
        assert moved.state is target
        assert (moved.inspected_at is not None) == (target is PointState.INSPECTED)


def test_what_is_over_and_what_is_seen_again_are_told_apart() -> None:
    assert not TO_SEE & {PointState.INSPECTED, PointState.MISSED}
    assert RUN_OVER >= RUN_TERMINAL
    assert {state for state, _ in RUN_TRANSITIONS} & RUN_TERMINAL == set()
    assert {state for state, _ in POINT_TRANSITIONS} & POINT_TERMINAL == set()


def test_other_evidence_of_a_doubtful_checkpoint_counts_and_forgets_what_was_said() -> None:
    seen = advance_point(A_RUN_POINT, PointEvent.EVIDENCE_TAKEN, evidence=EVIDENCE)
    doubtful = contradicted(seen)
    assert (doubtful.evidence_id, doubtful.inspected_at) == (EVIDENCE.evidence_id, None)
    said = accepted(doubtful, EVIDENCE, by_name="她", reason="photo shows it", at=NOON)
    assert (said.accepted_by_name, said.accepted_reason, said.inspected_at) == ("她", "photo shows it", NOON)
    other = msgspec.structs.replace(EVIDENCE, evidence_id=EvidenceId("e-2"))
    anew = advance_point(contradicted(said), PointEvent.EVIDENCE_TAKEN, evidence=other)
    assert (anew.evidence_id, anew.accepted_reason) == ("e-2", "")


def test_a_finding_of_a_newer_vehicle_is_kept_as_something_else() -> None:
    assert finding_of("smoke_or_fire") is FindingKind.SMOKE_OR_FIRE
    assert finding_of("meteorite") is FindingKind.OTHER


def test_where_the_vehicle_was_is_taken_between_its_positions_and_decides() -> None:
    moment = ms_of_moment(NOON)

    def said(*fixes: tuple[float, float], late_s: float = 5, accuracy_m: float | None = None) -> str:
        own = msgspec.structs.replace(EVIDENCE, accuracy_m=accuracy_m)
        told = [
            Fix(measured_ms=moment + int(at_s * 1_000), lat=39.6 + north_m / 111_195, lng=109.8)
            for at_s, north_m in fixes
        ]
        return compare(own, told, at=NOON + timedelta(seconds=late_s)).check.value

    assert said((-10, -100), (10, 100)) == "agrees", "half-way between the two it stood there"
    assert said((-10, 0), (10, 200)) == "doubtful"
    assert said((0, APART_M + 1)) == "doubtful"
    assert said((0, APART_M + 1), accuracy_m=5.0) == "agrees"
    assert said((-10, 0)) == "waiting", "the next position is on its way"
    assert said((-10, 0), late_s=61) == "agrees"
    assert said((-NEAR_S - 1, 0), late_s=61) == "waiting"
    assert said(late_s=7_200) == "unknown"
