"""A city pack is read, checked, and its faults are told by file and field."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Invalid
from core.kinds import ServiceKind
from steppe.city.reading import read_pack

TINY = Path("tests/fixtures/cities/tiny")
COUNTER = """
[[operator.service_point]]
town = "AA"
name_zh = "甲服务点"
name_en = "Counter A"
address_zh = "一号"
address_en = "No. 1"
open_hours = "09:00-18:00"
"""

type Change = Callable[[str, str, str], str]


@pytest.fixture
def broken(tmp_path: Path) -> Change:
    """Change one text of a copy of the tiny city and return the copy's folder."""
    folder = tmp_path / "city"
    shutil.copytree(TINY, folder)

    def change(name: str, old: str, new: str) -> str:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        return str(folder)

    return change


def test_the_plan_of_ordos_has_nine_districts_and_two_hundred_vehicles() -> None:
    pack = read_pack("ordos")
    assert {district.code for district in pack.districts} == {
        "KB",
        "DS",
        "DL",
        "ZG",
        "EQ",
        "ET",
        "HJ",
        "WS",
        "YJ",
    }
    by_service = {
        kind: sum(line.planned for line in pack.roster if line.service is kind) for kind in ServiceKind
    }
    assert sum(by_service.values()) == 200
    assert by_service[ServiceKind.VENDING] == 80
    assert by_service[ServiceKind.DELIVERY] == by_service[ServiceKind.SWEEPING] == 60
    assert by_service[ServiceKind.PATROL] == 0
    assert sum(line.count for line in pack.fleet.demo) == 6


def test_ordos_has_the_parks_the_plan_asks_for() -> None:
    kinds = sorted(park.kind for park in read_pack("ordos").parks)
    assert kinds == ["airport_landport", "industrial_park", "logistics_park", "scenic", "scenic"]


def test_the_map_approval_number_of_ordos_is_empty_until_confirmed() -> None:
    assert read_pack("ordos").city.approval_number == ""


def test_another_folder_is_another_city() -> None:
    pack = read_pack(str(TINY))
    assert (pack.city.code, [town.code for town in pack.towns]) == ("TNY", ["AA"])


def test_the_digest_changes_with_any_file(broken: Change) -> None:
    changed = read_pack(broken("goods.toml", "price_fen = 1200", "price_fen = 1300"))
    assert changed.digest != read_pack(str(TINY)).digest


def test_a_city_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(Invalid, match=r"no city pack 'atlantis'.*ordos") as raised:
        read_pack("atlantis")
    assert raised.value.code == "city-pack-missing"


@pytest.mark.parametrize(
    ("name", "old", "new", "field", "problem"),
    [
        ("towns.toml", "lat = 40.0", "lat = 400.0", "town[0].lat", "Expected `float` <= 90.0"),
        ("towns.toml", 'district = "AA"', 'district = "ZZ"', "town.district", "'ZZ' is not one of AA"),
        ("towns.toml", "width_m", "widht_m", "town[0]", "Object contains unknown field `widht_m`"),
        ("city.toml", "seed = 7", 'seed = "seven"', "seed", "Expected `int`, got `str`"),
        ("city.toml", 'letter = "D"', 'letter = "DD"', "service[0].letter", "Expected `str` matching regex"),
        ("roster.csv", ",3", ",many", "[0].planned_by_2026", "Expected a whole number, got 'many'"),
        ("roster.csv", "delivery", "flying", "[0].service_type", "Expected one of vending, delivery"),
        ("roster.csv", "district_code", "banner", "district_code", "column is missing"),
        ("districts.geojson", "990001", "990009", "features[adcode=990001]", "is missing"),
        (
            "districts.geojson",
            "[110.05,39.96],[110.05,40.04]",
            "[110.05,40.04],[110.05,39.96]",
            "features[adcode=990001].geometry",
            "Self-",
        ),
        (
            "makers.toml",
            'maker = "maker-aa"',
            'maker = "maker-bb"',
            "model.maker",
            "'maker-bb' is not one of",
        ),
        ("makers.toml", 'service = "delivery"', 'service = "vending"', "model.service", "'delivery' is not"),
        ("staff.toml", 'operator = "op-aa"', 'operator = "op-bb"', "account.operator", "'op-bb' is not one"),
        (
            "organisations.toml",
            'telephone = "000-0001"',
            f'telephone = "000-0001"\n{COUNTER.replace("AA", "ZZ")}',
            "operator.service_point.town",
            "'ZZ' is not one of AA",
        ),
        (
            "organisations.toml",
            'telephone = "000-0001"',
            f'telephone = "000-0001"\n{COUNTER.replace("-18:00", "")}',
            "operator[0].service_point[0].open_hours",
            "Expected `str` matching regex",
        ),
        ("goods.toml", "[[goods]]", "[goods]", "goods", "Expected an array of tables [[goods]]"),
        ("fleet.toml", "valid_days = 365", "valid_days =", "-", "is not TOML"),
    ],
)
def test_a_fault_is_told_by_file_and_field(
    broken: Change, name: str, old: str, new: str, field: str, problem: str
) -> None:
    with pytest.raises(Invalid) as raised:
        read_pack(broken(name, old, new))
    assert raised.value.code == "city-pack-invalid"
    assert raised.value.fields["file"] == name
    assert raised.value.fields["field"] == field
    assert str(raised.value.fields["problem"]).startswith(problem)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(TINY, folder)
    (folder / "places.toml").unlink()
    with pytest.raises(Invalid, match=r"places\.toml.*No such file"):
        read_pack(str(folder))
