"""``steppe city load --roads``: a real .osm.pbf becomes the city's roads, and nothing military with them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.routing.engine import Router
from services.routing.route import GeoPoint
from services.routing.tiles import current_tiles
from steppe.city.roads.pbf import read_pbf
from steppe.cli import cli
from tests.integration.steppe.city.extracts import Extract, town_extract
from tests.integration.steppe.served import TINY

BARRACKS = GeoPoint(40.0028, 110.0035)
"""The end of the lane that leads into the area."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    environment = {
        "STEPPE_ENVIRONMENT": "test",
        "STEPPE_DATA_DIR": str(tmp_path / "var"),
        "STEPPE_CITY__PACK": str(TINY),
    }
    assert _steppe(environment, "database", "upgrade").exit_code == 0
    return environment


def _steppe(environment: dict[str, str], *words: str) -> Result:
    return CliRunner(env=environment).invoke(cli, list(words))


def _built(environment: dict[str, str]) -> Path:
    base = Path(environment["STEPPE_DATA_DIR"]) / "city" / "tiny"
    return base / (base / "current").read_text()


@pytest.mark.parametrize(
    "tags",
    [{"landuse": "military"}, pytest.param({"military": "barracks"}, marks=pytest.mark.thorough)],
    ids=str,
)
def test_roads_of_a_real_extract_are_loaded_without_anything_military(
    environment: dict[str, str], tmp_path: Path, tags: dict[str, str]
) -> None:
    extract = town_extract(tmp_path / "extract.osm.pbf", **tags).write()
    loaded = _steppe(environment, "city", "load", "--roads", str(extract), "--json")
    assert loaded.exit_code == 0, loaded.output
    assert json.loads(loaded.stdout)["counts"]["vehicles"]["created"] == 3
    roads = read_pbf(_built(environment) / "roads.osm.pbf")
    names = {way.name_zh for way in roads.ways}
    assert {"东西街3", "南北街4"} <= names
    assert "营房路" not in names
    for file in _built(environment).iterdir():
        assert "营房路" not in file.read_text(errors="replace"), file.name
    nearest = Router(current_tiles(Path(environment["STEPPE_DATA_DIR"]))).snap(BARRACKS)
    assert nearest.distance_m > 30, "a road that is not there is driven all the same"


def test_the_same_extract_without_military_tags_keeps_its_road(
    environment: dict[str, str], tmp_path: Path
) -> None:
    extract = town_extract(tmp_path / "extract.osm.pbf", landuse="industrial")
    loaded = _steppe(environment, "city", "load", "--roads", str(extract.write()))
    assert loaded.exit_code == 0, loaded.output
    assert "营房路" in (_built(environment) / "roads-AA.geojson").read_text()
    nearest = Router(current_tiles(Path(environment["STEPPE_DATA_DIR"]))).snap(BARRACKS)
    assert (nearest.road, nearest.distance_m < 5) == ("营房路", True)


def test_the_setting_names_the_extract_for_every_later_load(
    environment: dict[str, str], tmp_path: Path
) -> None:
    extract = town_extract(tmp_path / "extract.osm.pbf", landuse="military").write()
    assert _steppe(environment, "city", "load", "--roads", str(extract)).exit_code == 0
    environment |= {"STEPPE_CITY__ROADS": str(extract)}
    again = _steppe(environment, "city", "load")
    assert again.exit_code == 0, again.output
    assert "nothing changed" in again.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        (b"this is not a map", "cannot be read as OpenStreetMap PBF"),
    ],
    ids=["missing", "not a map"],
)
def test_a_file_that_is_no_extract_is_refused_in_a_sentence(
    environment: dict[str, str], tmp_path: Path, content: bytes | None, said: str
) -> None:
    extract = tmp_path / "extract.osm.pbf"
    if content is not None:
        extract.write_bytes(content)
    refused = _steppe(environment, "city", "load", "--roads", str(extract))
    assert refused.exit_code == 1
    last = refused.output.splitlines()[-1]
    assert last.startswith("steppe: city-pack-invalid: ")
    assert "extract.osm.pbf" in last
    assert said in last


def test_an_extract_without_a_road_in_the_town_is_refused_by_its_name(
    environment: dict[str, str], tmp_path: Path
) -> None:
    extract = Extract(tmp_path / "elsewhere.osm.pbf")
    extract.way([(50, 50), (50, 51)], highway="residential", name="elsewhere")
    refused = _steppe(environment, "city", "load", "--roads", str(extract.write()))
    assert refused.exit_code == 1
    assert "the imported roads do not reach AA: no road inside its extents" in refused.output


def test_an_extract_of_three_streets_is_told_to_be_too_small(
    environment: dict[str, str], tmp_path: Path
) -> None:
    extract = Extract(tmp_path / "small.osm.pbf")
    extract.way([(0, 0), (0, 0.3), (0.3, 0.3), (0, 0)], highway="residential", name="round")
    refused = _steppe(environment, "city", "load", "--roads", str(extract.write()))
    assert refused.exit_code == 1
    assert "AA is too small" in refused.output.splitlines()[-1]
