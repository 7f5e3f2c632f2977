"""A planner draws a sweeping zone, sees what its plan takes, saves it, draws it anew and retires it."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, OpenPage, StaffPage, violations

pytestmark = pytest.mark.needs_browser

GROUND = """async () => {
  const zones = await (await fetch("/api/sweeping/zones")).json();
  return JSON.stringify(zones.find((zone) => zone.kind === "ground").geometry);
}"""


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"sweeping-{name}.png", full_page=True)


def click_corners(page: Page, *places: tuple[float, float]) -> None:
    """Click on the map at shares of its width and height."""
    box = page.get_by_test_id("draw-map").bounding_box()
    assert box is not None
    for x, y in places:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(400)


def test_a_zone_is_drawn_previewed_saved_drawn_anew_and_retired(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> None:
    lead = StaffPage(open_page(CONSOLE, staff_state("lead")), demo)
    page = lead.page
    lead.path = "planning"
    lead.visit("?view=sweeping")
    page.get_by_role("button", name="新建清扫区").click()
    form = page.get_by_test_id("zone-form")
    expect(form.get_by_test_id("draw-map").locator("canvas")).to_be_visible(timeout=SOON_MS)
    page.wait_for_timeout(3_000)
    outline = form.get_by_test_id("outline")
    click_corners(page, (0.3, 0.3), (0.6, 0.3), (0.6, 0.6))
    expect(outline).to_contain_text("区域 1 · 3 个顶点", timeout=SOON_MS)
    form.get_by_role("button", name="撤销").click()
    expect(outline).to_contain_text("区域 1 · 2 个顶点")
    form.get_by_role("button", name="重做").click()
    form.get_by_label("顶点 3 删除").click()
    expect(outline).to_contain_text("区域 1 · 2 个顶点")
    form.get_by_text("导入 GeoJSON").click()
    form.get_by_test_id("geojson").fill(page.evaluate(GROUND))
    form.get_by_role("button", name="采用").click()
    expect(outline).to_contain_text("上限 50,000 m²")
    form.get_by_label("名称（中文）").fill("东门广场")
    form.get_by_label("名称（英文）").fill("East gate square")
    save = form.get_by_role("button", name="保存")
    expect(save).to_be_disabled()
    form.get_by_role("button", name="预览方案").click()
    preview = form.get_by_test_id("preview")
    expect(preview).to_have_attribute("data-state", "ready", timeout=2 * SOON_MS)
    expect(preview).to_contain_text("未清扫到的部分")
    assert violations(page) == []
    picture(page, "preview")
    save.click()
    expect(page.get_by_role("heading", name="东门广场")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="编辑").click()
    expect(form.get_by_label("名称（中文）")).to_have_value("东门广场", timeout=SOON_MS)
    expect(form.get_by_role("button", name="保存")).to_be_enabled()
    form.get_by_label("洒水清扫").uncheck()
    expect(form.get_by_role("button", name="保存")).to_be_disabled()
    form.get_by_role("button", name="预览方案").click()
    expect(preview).to_have_attribute("data-state", "ready", timeout=2 * SOON_MS)
    form.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="停用").click()
    page.get_by_role("dialog").get_by_role("button", name="停用").click()
    expect(page.get_by_role("button", name="东门广场")).to_have_count(0, timeout=SOON_MS)


def test_too_large_a_zone_is_refused_with_the_limit_and_roads_make_a_set(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> None:
    lead = StaffPage(open_page(CONSOLE, staff_state("lead")), demo)
    page = lead.page
    lead.path = "planning"
    lead.visit("?view=sweeping&edit=new")
    form = page.get_by_test_id("zone-form")
    expect(form).to_be_visible(timeout=SOON_MS)
    ring = [[109.78, 39.6], [109.79, 39.6], [109.79, 39.61], [109.78, 39.6]]
    form.get_by_text("导入 GeoJSON").click()
    form.get_by_test_id("geojson").fill(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    form.get_by_role("button", name="采用").click()
    form.get_by_role("button", name="预览方案").click()
    expect(form.get_by_test_id("preview")).to_contain_text("超过上限 50000 m2", timeout=SOON_MS)
    form.get_by_label("街道").check()
    search = form.get_by_label("按名称查找道路")
    expect(search).to_be_visible(timeout=SOON_MS)
    search.fill("街")
    form.get_by_role("button", name="选入").first.click()
    expect(form.get_by_test_id("streets")).to_contain_text("已选 1 段")
    form.get_by_role("button", name="重新预览").click()
    expect(form.get_by_test_id("preview")).to_have_attribute("data-state", "ready", timeout=2 * SOON_MS)
    assert violations(page) == []
    picture(page, "streets")
