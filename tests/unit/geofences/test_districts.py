"""Which 旗区 a place is in."""

import json

import numpy as np
import pytest

from core.errors import Invalid
from core.ids import DistrictCode
from geofences.districts import Districts, district_drafts
from tests.fences import PACK

CODES = [
    (150602, DistrictCode("DS"), "东胜区", "Dongsheng District"),
    (150603, DistrictCode("KB"), "康巴什区", "Kangbashi District"),
]


@pytest.fixture(scope="module")
def districts() -> Districts:
    collection = json.loads((PACK / "districts.geojson").read_text())
    return Districts(district_drafts(collection, CODES, source="tianditu", accuracy_m=190.0))


def test_a_place_in_the_middle_is_certain(districts: Districts) -> None:
    answer = districts.at(39.6087, 109.7816)
    assert answer.code == "KB"
    assert not answer.border_uncertain


def test_a_place_outside_the_city_is_nowhere(districts: Districts) -> None:
    answer = districts.at(40.8, 111.7)
    assert answer.code is None
    assert not answer.border_uncertain


def test_a_place_beside_the_border_is_uncertain_on_both_sides(districts: Districts) -> None:
    line = np.linspace(39.60, 39.80, 2001)
    found, uncertain = districts.of(line, np.full(2001, 109.80))
    changes = np.flatnonzero(np.diff(found))
    assert len(changes)
    for change in changes:
        assert uncertain[change - 5 : change + 5].all()
    assert not uncertain[0]


def test_a_row_of_the_pack_without_a_polygon_is_named() -> None:
    with pytest.raises(Invalid) as error:
        district_drafts({"features": []}, CODES, source="tianditu", accuracy_m=190.0)
    assert error.value.fields["limit"] == "adcode 150602"


@pytest.mark.parametrize("collection", [None, [], {"type": "FeatureCollection"}], ids=repr)
def test_what_is_no_collection_is_refused(collection: object) -> None:
    with pytest.raises(Invalid):
        district_drafts(collection, CODES, source="tianditu", accuracy_m=190.0)
