"""A city of thousands on the map: cells from afar, vehicles from near, at a speed that stays smooth."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.crowd import crowd_in
from tests.e2e.demo_city import DemoCity, running_demo
from tests.e2e.pages import CITY, SOON_MS, CityPage, OpenPage, violations

pytestmark = pytest.mark.needs_browser

MANY = 12_000
FRAMES_IN_5_S = 10
"""Of software rendering on a machine that others share."""


@pytest.fixture(scope="module")
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCity]:
    """A demo of its own: the other journeys count their vehicles."""
    folder: Path | None = request.config.getoption("--demo-folder")
    if folder is not None:
        pytest.skip("a demo that somebody else started is not filled with vehicles")
    with running_demo(tmp_path_factory.mktemp("large") / "city", "--no-residents", "--vehicles=20") as demo:
        yield demo


@pytest.fixture(scope="module")
def crowded(large: DemoCity) -> Iterator[DemoCity]:
    """The same with thousands of vehicles that report all the time."""
    with crowd_in(large, MANY):
        yield large


def shown(page: Page) -> tuple[int, int]:
    """Return how many cells and vehicles the map says it shows."""
    text = page.get_by_test_id("cells").inner_text()
    cells, vehicles = re.findall(r"[\d,]+", text)[:2]
    return int(cells.replace(",", "")), int(vehicles.replace(",", ""))


def drawn(page: Page) -> int:
    return int(page.evaluate("window.steppeMap.cells()"))


@pytest.mark.thorough  # two minutes, for a city of its own; benchmarks/live.py measures the same page
def test_many_vehicles_are_cells_from_afar_and_themselves_from_near(
    open_page: OpenPage, crowded: DemoCity
) -> None:
    city = CityPage(open_page(CITY), crowded)
    city.visit()
    city.log_in_patiently("city")
    city.expect_map_drawn()
    expect(city.page.get_by_test_id("cells")).to_be_visible(timeout=SOON_MS)
    expect(city.page.get_by_test_id("cells")).to_contain_text(re.compile(r"12,0\d\d"), timeout=SOON_MS)
    city.page.wait_for_timeout(3_000)
    assert drawn(city.page) == shown(city.page)[0]
    city.page.screenshot(path=_picture("large-city-far"))
    assert violations(city.page) == []

    frames = int(city.page.evaluate("window.steppeMap.frames()"))
    city.page.evaluate("window.steppeMap.map.jumpTo({ center: [109.9, 39.72], zoom: 10.2 })")
    expect(city.page.get_by_test_id("cells")).to_have_attribute("data-resolution", "7", timeout=SOON_MS)
    city.page.wait_for_timeout(2_500)
    city.page.screenshot(path=_picture("large-city-middle"))

    city.page.evaluate("window.steppeMap.map.jumpTo({ center: [109.782, 39.608], zoom: 14 })")
    expect(city.page.get_by_test_id("cells")).to_have_count(0, timeout=SOON_MS)
    city.page.wait_for_timeout(2_500)
    assert drawn(city.page) == 0
    assert int(city.page.evaluate("window.steppeMap.frames()")) - frames >= FRAMES_IN_5_S
    city.page.screenshot(path=_picture("large-city-near"))

    city.page.evaluate("window.steppeMap.map.jumpTo({ center: [109.5, 39.6], zoom: 7 })")
    expect(city.page.get_by_test_id("cells")).to_have_attribute("data-resolution", "5", timeout=SOON_MS)


@pytest.mark.thorough
def test_filters_narrow_a_large_city_and_stand_in_the_address(open_page: OpenPage, crowded: DemoCity) -> None:
    city = CityPage(open_page(CITY), crowded)
    said: list[str] = []
    city.page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    city.visit()
    city.log_in_patiently("city")
    said.clear()
    city.expect_map_drawn()
    expect(city.page.get_by_test_id("cells")).to_contain_text(re.compile(r"12,0\d\d"), timeout=SOON_MS)
    filters = city.page.get_by_test_id("filters")
    filters.get_by_label("旗区").focus()
    filters.get_by_label("旗区").select_option("KB")
    expect(city.page).to_have_url(re.compile(r"[?&]fd=KB"))
    expect(city.page.get_by_test_id("filtered")).to_contain_text(re.compile(r"4,0\d\d"), timeout=SOON_MS)
    assert 4_000 <= shown(city.page)[1] < 4_100
    city.page.wait_for_timeout(2_000)
    assert drawn(city.page) == shown(city.page)[0]
    city.page.screenshot(path=_picture("large-city-filtered"))
    assert violations(city.page) == []

    city.page.reload()
    expect(city.page.get_by_test_id("filtered")).to_contain_text(re.compile(r"4,0\d\d"), timeout=SOON_MS)
    city.page.go_back()
    expect(city.page.get_by_test_id("filtered")).to_have_count(0, timeout=SOON_MS)
    expect(city.page.get_by_test_id("cells")).to_contain_text(re.compile(r"12,0\d\d"), timeout=SOON_MS)

    city.visit("?fo=nobody&lang=en")
    expect(city.page.get_by_role("alert")).to_contain_text("Choose again", timeout=SOON_MS)
    expect(city.page.get_by_test_id("cells")).to_contain_text(re.compile(r"12,0\d\d"), timeout=SOON_MS)
    assert violations(city.page) == []
    city.page.get_by_role("button", name="Clear filter").press("Enter")
    expect(city.page.get_by_role("alert")).to_have_count(0)
    assert said == []


def _picture(name: str) -> Path:
    PICTURES.mkdir(exist_ok=True)
    return PICTURES / f"{name}.png"
