"""Fences as JSON and GeoJSON, and the states of a version."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition, Invalid
from core.kinds import ServiceKind
from core.transitions import advance
from geofences.fences import (
    Fence,
    FenceHours,
    FenceKind,
    FenceRules,
    FenceState,
    HourSpan,
    draft_of,
    ref,
    versioned,
)
from geofences.geojson import feature_collection
from geofences.publishing import TERMINAL, TRANSITIONS, FenceStep, checked
from tests.fences import EPOCH, a_draft, a_fence, a_square

FULL = a_fence(
    "full",
    services=frozenset({ServiceKind.DELIVERY}),
    rules=FenceRules(speed_limit_mps=3.0, allowed_services=frozenset({ServiceKind.DELIVERY}), capacity=2),
    hours=FenceHours(spans=(HourSpan(start_minute=0, end_minute=60, weekdays=frozenset({1})),)),
)


def test_a_fence_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(FULL), type=Fence) == FULL


def test_a_draft_and_its_version_say_the_same() -> None:
    assert versioned(draft_of(FULL), FULL.version, FULL.effective_at) == FULL
    assert ref(FULL).fence_id == "full"


@pytest.mark.parametrize(
    ("field", "value"), [("speedLimit", 0), ("capacity", -1)], ids=["no speed", "negative capacity"]
)
def test_rules_outside_their_range_are_refused(field: str, value: int) -> None:
    name = {"speedLimit": "speed_limit_mps"}.get(field, field)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({name: value}, FenceRules)


def test_a_feature_says_what_a_map_needs() -> None:
    collection = json.loads(json.dumps(feature_collection([FULL])))
    feature = collection["features"][0]
    assert collection["type"] == "FeatureCollection"
    assert feature["id"] == "full"
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["speedLimitMps"] == 3.0
    assert feature["properties"]["version"] == 1
    assert feature["properties"]["services"] == ["delivery"]
    assert feature["properties"]["effectiveAt"] == EPOCH.isoformat()


@pytest.mark.parametrize(("state", "event"), list(itertools.product(FenceState, FenceStep)))
def test_every_step_is_in_the_table_or_raises(state: FenceState, event: FenceStep) -> None:
    allowed = {
        (FenceState.DRAFT, FenceStep.PREVIEW),
        (FenceState.DRAFT, FenceStep.SYNC),
        (FenceState.DRAFT, FenceStep.DISCARD),
        (FenceState.PREVIEWED, FenceStep.PREVIEW),
        (FenceState.PREVIEWED, FenceStep.PUBLISH),
        (FenceState.PREVIEWED, FenceStep.DISCARD),
        (FenceState.PUBLISHED, FenceStep.RETIRE),
    }
    assert ((state, event) in TRANSITIONS) == ((state, event) in allowed)
    if (state, event) not in allowed:
        with pytest.raises(IllegalTransition):
            advance(TRANSITIONS, state, event)


@given(st.lists(st.sampled_from(FenceStep), max_size=8))
def test_no_way_leads_out_of_a_terminal_state(steps: list[FenceStep]) -> None:
    state = FenceState.DRAFT
    for event in steps:
        left = state in TERMINAL
        try:
            state = advance(TRANSITIONS, state, event)
        except IllegalTransition:
            continue
        assert not left


def test_a_time_zone_that_is_none_is_refused() -> None:
    draft = a_draft(hours=FenceHours(spans=(), time_zone="Asia/Ordos"))
    with pytest.raises(Invalid) as error:
        checked(draft)
    assert error.value.fields["field"] == "hours.time_zone"


def test_a_bad_area_is_refused_wherever_it_comes_from() -> None:
    (outer,) = a_square()[0]
    crossed = ((outer[0], outer[2], outer[1], outer[3], outer[0]),)
    with pytest.raises(Invalid):
        checked(a_draft(area=(crossed,), kind=FenceKind.NO_GO))
