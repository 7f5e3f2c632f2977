"""Plans of zones as they are stored: sets of polygons, streets, and limits that name the field."""

from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pytest

from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, SweepingZoneId
from geofences import shapes
from geofences.geo import distance_m, offset
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment
from services.sweeping.ledger import ledger, missed_ground
from services.sweeping.street import StreetLine, joined
from services.sweeping.work_out import work_out, work_out_repair
from services.sweeping.zone import Drawing, SweepingZone, ZoneKind, check_zone
from tests.unit.services.sweeping.test_ledger import driven

HERE = (39.6, 109.78)
ONE = shapes.rectangle(*HERE, 30.0, 20.0)
TWO = shapes.rectangle(*offset(*HERE, 90, 200.0), 30.0, 20.0)
NORTH, EAST = offset(*HERE, 0, 80.0), offset(*HERE, 90, 60.0)
STREETS = joined(
    (
        StreetLine(street_id="a", points=(HERE, NORTH)),
        StreetLine(street_id="b", points=(HERE, EAST), is_one_way=True),
        StreetLine(street_id="c", points=(EAST, NORTH)),
    )
)
AS_STREETS = Drawing(kind=ZoneKind.STREETS, streets=STREETS)


def a_zone(drawing: Drawing, **changes: object) -> SweepingZone:
    zone = SweepingZone(
        zone_id=SweepingZoneId("z"),
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        name_zh="广场",
        name_en="Square",
        drawing=drawing,
        changed_at=datetime(2026, 7, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(zone, **changes)


def test_a_set_of_polygons_is_planned_polygon_by_polygon_with_the_roads_between() -> None:
    plan, ground = work_out(Drawing(kind=ZoneKind.GROUND, area=(*ONE, *TWO)))
    single, _ = work_out(Drawing(kind=ZoneKind.GROUND, area=ONE))
    assert len(ground) == 2
    assert plan.reachable_m2 == pytest.approx(2 * single.reachable_m2, rel=0.01)
    jumps = [distance_m(*one.points[-1], *other.points[0]) for one, other in pairwise(plan.pieces)]
    assert sum(jump > 1 for jump in jumps) == 1


def test_every_kerb_is_swept_beside_the_middle_of_its_street() -> None:
    plan, ground = work_out(AS_STREETS)
    swept = [piece for piece in plan.pieces if piece.kind is PieceKind.SWEEP]
    assert len(swept) == 6
    northward = next(
        p for p in swept if p.points[0][0] < p.points[-1][0] and abs(p.points[0][1] - 109.78) < 1e-4
    )
    aside_m = distance_m(39.6003, northward.points[0][1], 39.6003, 109.78)
    assert northward.points[0][1] > 109.78, "traffic keeps to the right"
    assert aside_m == pytest.approx(4.0 - 1.0, abs=0.05)
    assert ledger(ground, plan.width_m, [driven(plan)]).missed == ()


def test_a_missed_kerb_is_driven_again_without_the_others() -> None:
    plan, ground = work_out(AS_STREETS)
    missed = missed_ground(ground, ledger(ground, plan.width_m, [driven(plan, share=0.5)]).missed)
    again = work_out_repair(AS_STREETS, plan, missed)
    assert 0 < again.estimate.swept_m < 0.8 * plan.estimate.swept_m
    done = [driven(plan, share=0.5), driven(again)]
    assert ledger(ground, plan.width_m, done).missed == ()


@pytest.mark.parametrize(
    ("drawing", "field"),
    [
        (Drawing(kind=ZoneKind.GROUND), "geometry, streets"),
        (Drawing(kind=ZoneKind.GROUND, area=shapes.rectangle(*HERE, 400.0, 200.0)), "geometry"),
        (Drawing(kind=ZoneKind.STREETS, streets=(*STREETS, STREETS[0])), "streets.streetId"),
        (
            Drawing(
                kind=ZoneKind.STREETS,
                streets=tuple(msgspec.structs.replace(s, is_swept=False) for s in STREETS),
            ),
            "streets",
        ),
    ],
    ids=["nothing", "too large", "an id twice", "nothing swept"],
)
def test_a_zone_that_cannot_be_names_the_field(drawing: Drawing, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_zone(a_zone(drawing))
    assert refused.value.fields["field"] == field


def test_a_zone_without_a_name_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        check_zone(a_zone(AS_STREETS, name_en=" "))
    assert refused.value.fields["field"] == "nameEn"


def test_ground_without_room_for_the_vehicle_cannot_be_planned() -> None:
    narrow = Drawing(kind=ZoneKind.GROUND, area=shapes.rectangle(*HERE, 30.0, 1.5), equipment=Equipment())
    with pytest.raises(Invalid, match="narrow"):
        work_out(narrow)
