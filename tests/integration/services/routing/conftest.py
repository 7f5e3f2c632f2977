"""Real Valhalla tiles of the tiny city, built once per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.routing.engine import RouteEngine, Router
from services.routing.route import GeoPoint
from steppe.city.build import CityBuild, build_city
from steppe.city.reading import read_pack


@pytest.fixture(scope="session")
def tiny_city(tmp_path_factory: pytest.TempPathFactory) -> CityBuild:
    return build_city(read_pack("tests/fixtures/cities/tiny"), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def router(tiny_city: CityBuild) -> Router:
    return Router(tiny_city.tiles)


@pytest.fixture
def engine(tiny_city: CityBuild) -> Iterator[RouteEngine]:
    engine = RouteEngine(tiny_city.tiles)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def stops(tiny_city: CityBuild) -> list[GeoPoint]:
    return [GeoPoint(place.lat, place.lng) for place in tiny_city.towns[0].places]


@pytest.fixture(scope="session")
def data_dir(tiny_city: CityBuild) -> Path:
    return tiny_city.tiles.parent.parent
