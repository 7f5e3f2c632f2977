"""How far a preview is at a moment, whoever lives to tell."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from core.ids import DistrictCode, OperatorId, StaffId
from geofences import shapes
from services.sweeping.preview import (
    PATIENCE,
    PREVIEW_STATE_NAMES,
    Preview,
    PreviewId,
    PreviewState,
    expected_s,
    state_at,
)
from services.sweeping.street import StreetLine, joined
from services.sweeping.zone import Drawing, PlanState, ZoneKind

T0 = datetime(2026, 7, 1, tzinfo=UTC)
ASKED = Preview(
    preview_id=PreviewId("p-1"),
    asked_by=StaffId("s"),
    district=DistrictCode("KB"),
    operator=OperatorId("op-a"),
    drawing=Drawing(kind=ZoneKind.GROUND, area=shapes.rectangle(39.6, 109.78, 200.0, 100.0)),
    asked_at=T0,
    gives_up_at=T0 + PATIENCE,
)
HELD = replace(ASKED, held_until=T0 + timedelta(seconds=45))


@pytest.mark.parametrize(
    ("preview", "after_s", "state"),
    [
        (ASKED, 0, PreviewState.WAITING),
        (HELD, 44, PreviewState.PLANNING),
        (HELD, 45, PreviewState.WAITING),
        (HELD, 120, PreviewState.LATE),
        (replace(HELD, state=PlanState.READY), 500, PreviewState.READY),
        (replace(HELD, state=PlanState.FAILED), 500, PreviewState.FAILED),
    ],
    ids=["asked for", "held", "its worker was killed", "nobody came back", "done", "cannot be"],
)
def test_a_preview_is_never_without_an_end(preview: Preview, after_s: int, state: PreviewState) -> None:
    assert state_at(preview, T0 + timedelta(seconds=after_s)) is state


def test_every_state_has_its_words() -> None:
    assert set(PREVIEW_STATE_NAMES) == set(PreviewState)


def test_a_zone_takes_about_a_second_a_hectare_and_streets_one() -> None:
    streets = joined([StreetLine(street_id="a", points=((39.6, 109.78), (39.61, 109.78)))])
    assert expected_s(ASKED.drawing) == pytest.approx(2.0, rel=0.02)
    assert expected_s(Drawing(kind=ZoneKind.STREETS, streets=streets)) == 1.0
