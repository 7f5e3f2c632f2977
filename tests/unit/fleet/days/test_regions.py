"""The grid says what the polygons of Ordos say, and home where their borders are too vague to say so."""

from pathlib import Path

import msgspec
import numpy as np

from core.ids import DistrictCode
from fleet.days.regions import HOME, DistrictGrid
from geofences.districts import NOWHERE, Districts, district_drafts
from geofences.fences import FenceDraft

PACK = Path(__file__).parents[4] / "steppe" / "ordos"
ACCURACY_M, CELL_M = 190.0, 15.0
"""The middle of a cell is at most 14 m away from what it answers for."""


def _codes() -> list[tuple[int, DistrictCode, str, str]]:
    collection = msgspec.json.decode((PACK / "districts.geojson").read_bytes())
    numbers = [feature["properties"]["adcode"] for feature in collection["features"]]
    return [(adcode, DistrictCode(f"D{nth}"), "旗区", "district") for nth, adcode in enumerate(numbers)]


def test_the_grid_answers_as_the_polygons_do_away_from_their_borders() -> None:
    collection = msgspec.json.decode((PACK / "districts.geojson").read_bytes())

    def drafts(accuracy_m: float) -> list[FenceDraft]:
        return district_drafts(collection, _codes(), source="tianditu", accuracy_m=accuracy_m)

    rng = np.random.default_rng(7)
    lat_e7 = np.round(rng.uniform(37.5, 41.0, 4000) * 1e7).astype(np.int32)
    lng_e7 = np.round(rng.uniform(106.5, 111.6, 4000) * 1e7).astype(np.int32)
    grid = DistrictGrid(drafts(ACCURACY_M))
    wide = Districts(drafts(ACCURACY_M + CELL_M))
    answers = grid.of(lat_e7, lng_e7)
    number, is_near = wide.of(lat_e7 / 1e7, lng_e7 / 1e7)
    is_sure = ~is_near
    assert is_sure.sum() > 3500
    assert (answers[is_sure] == np.where(number == NOWHERE, HOME, number)[is_sure]).all()
    assert set(answers.tolist()) >= {HOME, *range(len(grid.codes))}
    assert (grid.of(lat_e7[::-1], lng_e7[::-1])[::-1] == answers).all(), "what is remembered is the same"


def test_a_place_on_a_border_counts_to_home() -> None:
    collection = msgspec.json.decode((PACK / "districts.geojson").read_bytes())
    drafts = district_drafts(collection, _codes(), source="tianditu", accuracy_m=ACCURACY_M)
    corner = np.array(drafts[0].area[0][0][:20])
    grid = DistrictGrid(drafts)
    lng_e7, lat_e7 = (np.round(corner[:, axis] * 1e7).astype(np.int32) for axis in (0, 1))
    assert (grid.of(lat_e7, lng_e7) == HOME).all()
