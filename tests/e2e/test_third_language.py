"""The third place among the languages, held by one made for tests: every word of a page is a dictionary's."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, PHONE, SOON_MS, OpenPage

pytestmark = [pytest.mark.needs_browser, pytest.mark.thorough]

STAFF = {
    "console": "",
    "console-money": "view=money",
    "console-vending": "view=vending",
    "console-site": "view=site",
    "planning": "view=dispatch",
    "patrol": "",
    "records": "view=violations",
    "fences": "kind=slow_zone",
}
STRANGER = ("phone", "scan", "privacy", "merchant")
SAID = "button, th, legend, h1, h2, h3, summary, dt, label > span, nav a"
"""What a page says itself; cells and list entries hold data, which is of one language or another."""
DATA = re.compile(
    r"[\d:.,·%×+\-–/ ]*(?:km|m|kWh|h|min|s|¥)?|[A-Z0-9][A-Z0-9-]+|[a-z-]+:[\w-]+|中文|English|EN|[×?‹›+−]"
)
"""Numbers, units, codes, and the names of the languages themselves."""


def unmarked(texts: list[str]) -> list[str]:
    """Return the texts that neither a dictionary marked nor are data."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return [line for line in lines if line and "⟦" not in line and not DATA.fullmatch(line)]


@pytest.mark.parametrize("desk", list(STAFF))
def test_a_desk_says_nothing_that_is_in_no_dictionary(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], desk: str
) -> None:
    page = open_page(CONSOLE, staff_state("lead"))
    page.goto(f"{demo.url}/{desk.split('-')[0]}?lang=qps&{STAFF[desk]}")
    expect(page.get_by_role("main")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".spin")).to_have_count(0, timeout=SOON_MS)
    page.wait_for_timeout(1_500)
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"third-{desk}.png")
    assert unmarked(page.locator(SAID).all_inner_texts()) == []


@pytest.mark.parametrize("name", STRANGER)
def test_a_page_of_strangers_says_nothing_that_is_in_no_dictionary(
    open_page: OpenPage, demo: DemoCity, name: str
) -> None:
    page = open_page(PHONE)
    page.goto(f"{demo.url}/{name}?lang=qps")
    expect(page.get_by_role("main")).to_be_visible(timeout=SOON_MS)
    page.wait_for_timeout(1_500)
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"third-{name}.png")
    assert unmarked(page.locator(SAID).all_inner_texts()) == []
