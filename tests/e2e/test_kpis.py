"""The numbers of the city open to their formulas and rows."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PICTURES
from tests.e2e.pages import SOON_MS, CityPage, violations

pytestmark = pytest.mark.needs_browser

COUNTED_WITHIN_MS = 180_000
"""The running day is counted once a minute; times three."""


def test_today_so_far_and_the_closed_days_open_to_formula_and_rows(city: CityPage) -> None:
    city.visit()
    km = city.page.get_by_test_id("km")
    expect(km).to_have_text(re.compile(r"[1-9]"), timeout=COUNTED_WITHIN_MS)
    city.page.get_by_role("button", name="指标与口径").click()
    dialog = city.page.get_by_role("dialog")
    today = dialog.get_by_test_id("km-today")
    today.locator("summary").click(timeout=SOON_MS)
    expect(today).to_contain_text("odometer")
    expect(today.get_by_test_id("today-rows").locator("tbody tr").first).to_be_visible(timeout=SOON_MS)
    on_time = dialog.get_by_test_id("on-time-today")
    on_time.locator("summary").click()
    expect(on_time).to_contain_text("不晚于承诺时间")
    swept = dialog.get_by_test_id("m2-today")
    swept.locator("summary").click()
    expect(swept).to_contain_text("经核实的面积")
    kpis = dialog.get_by_test_id("kpis").locator("details")
    expect(kpis).to_have_count(11, timeout=SOON_MS)
    kpis.first.locator("summary").click()
    expect(kpis.first).to_contain_text("metres / 1000")
    PICTURES.mkdir(exist_ok=True)
    city.page.screenshot(path=Path(PICTURES) / "city-kpis.png")
    assert violations(city.page) == []
    dialog.get_by_role("button", name="关闭").click()
    expect(dialog).to_have_count(0)


def test_the_formulas_and_rows_are_of_the_chosen_district(city: CityPage) -> None:
    city.visit("?d=ZG")
    expect(city.page.get_by_test_id("km")).to_have_text(re.compile(r"[1-9]"), timeout=COUNTED_WITHIN_MS)
    with city.page.expect_response(re.compile(r"/api/kpis\?district=ZG$")):
        city.page.get_by_role("button", name="指标与口径").click()
    dialog = city.page.get_by_role("dialog", name="准格尔")
    today = dialog.get_by_test_id("km-today")
    today.locator("summary").click(timeout=SOON_MS)
    rows = today.get_by_test_id("today-rows").locator("tbody code")
    expect(rows.first).to_be_visible(timeout=SOON_MS)
    there = set(city.page.evaluate(CODES_OF, "?district=ZG"))
    assert 0 < len(there) < len(city.page.evaluate(CODES_OF, ""))
    assert set(rows.all_inner_texts()) <= there
    dialog.get_by_role("button", name="关闭").click()


def test_escape_closes_the_formulas_and_leaves_the_chosen_district(city: CityPage) -> None:
    city.visit("?d=KB")
    expect(city.districts).to_have_count(9, timeout=SOON_MS)
    city.page.get_by_role("button", name="指标与口径").click()
    dialog = city.page.get_by_role("dialog")
    expect(dialog.get_by_test_id("kpis")).to_be_visible(timeout=SOON_MS)
    city.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(city.page).to_have_url(re.compile(r"[?&]d=KB"))


CODES_OF = """async district => (await (await fetch(`/api/vehicle-days/today${district}`)).json())
  .items.map(one => one.code)"""
