"""Stopping by drawing: one person stops the vehicles of an area, a second one elsewhere lets them go."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CITY, CONSOLE, SOON_MS, CityPage, ConsolePage, OpenPage, violations

pytestmark = pytest.mark.needs_browser

COMMAND = """const command = (no, kind) => fetch(`/api/vehicles/${no}/commands`, {
  method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify({ kind, reason: "e2e", params: {} }),
});"""
STOP_AGAIN = f"""async (why) => {{
  {COMMAND}
  const stops = await (await fetch("/api/area-stops")).json();
  const no = stops.find((one) => one.reason === why).items[0].vehicleNo;
  const answer = await command(no, "safe_stop");
  if (!answer.ok) throw new Error(await answer.text());
  return no;
}}"""
"""One of the stopped vehicles is told to stop once more, by itself."""
RESUME = f"async (no) => {{ {COMMAND} await command(no, 'resume'); }}"


def test_an_area_is_stopped_by_one_person_and_let_go_by_another_on_the_city_page(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], number: str
) -> None:
    why = f"示例:管道泄漏 {number}"
    first = ConsolePage(open_page(CONSOLE, staff_state("dispatcher")), demo)
    first.visit()
    first.rows.first.click()
    expect(first.page.get_by_test_id("drawer").locator("details")).to_be_visible(timeout=SOON_MS)
    first.page.get_by_test_id("draw-area").click()
    panel = first.page.get_by_test_id("area-draw")
    button = panel.get_by_test_id("area-stop")
    expect(button).to_be_disabled()
    # three corners without a mouse, and then all that the map shows
    keys = first.page.keyboard
    first.page.locator("canvas.maplibregl-canvas").focus()
    for corner, turn in enumerate(("ArrowRight", "ArrowDown", "ArrowLeft"), start=1):
        keys.press("Enter")
        expect(panel.get_by_role("status")).to_contain_text(re.compile(f"{corner} 个点|正在清点|区域内"))
        keys.press(turn)
    panel.get_by_role("button", name="取当前视野").click()
    expect(panel.get_by_role("status")).to_contain_text(re.compile(r"区域内 [1-9]\d* 辆车"), timeout=SOON_MS)
    assert violations(first.page) == []
    button.click()
    expect(panel.get_by_role("alert")).to_have_text("请填写原因。")
    panel.get_by_label("原因").fill(why)
    PICTURES.mkdir(exist_ok=True)
    first.page.screenshot(path=PICTURES / "console-area-draw.png")
    button.click()
    bar = first.page.get_by_test_id("area-bar").filter(has_text=why)
    expect(bar).to_be_visible(timeout=SOON_MS)
    expect(panel).to_have_count(0)
    expect(bar).to_contain_text(re.compile("已停稳|停车中"), timeout=SOON_MS)
    first.page.screenshot(path=PICTURES / "console-area-stop.png")
    # without its map, of which a machine without a graphics card draws one at a time
    first.visit("?view=money")
    expect(bar.get_by_test_id("area-releases")).to_have_count(0)
    bar.get_by_role("button", name="车辆").click()
    expect(bar.locator("tbody tr").first).to_be_visible()
    bar.get_by_test_id("area-release-requests").click()
    first.page.locator("dialog").get_by_label("原因").fill("泄漏已排除")
    first.page.get_by_test_id("area-say").click()
    expect(bar).to_contain_text(re.compile("等待第二人应答|单人解除"), timeout=SOON_MS)
    assert violations(first.page) == []
    held = first.page.evaluate(STOP_AGAIN, why)

    second = CityPage(open_page(CITY, staff_state("city")), demo)
    second.visit()
    there = second.page.get_by_test_id("area-bar").filter(has_text=why)
    expect(there).to_contain_text("泄漏已排除", timeout=SOON_MS)
    second.page.screenshot(path=PICTURES / "city-area-stop.png")
    there.get_by_test_id("area-releases").click()
    second.page.locator("dialog").get_by_label("原因").fill("现场确认")
    second.page.get_by_test_id("area-say").click()
    expect(there).to_have_count(0, timeout=SOON_MS)
    # what a later command stopped is not let go with the area, and said so to whoever lets it go
    stayed = second.page.get_by_test_id("area-stayed")
    expect(stayed).to_contain_text("另有停车指令", timeout=SOON_MS)
    expect(stayed.get_by_role("button")).to_be_focused()
    assert violations(second.page) == []
    second.page.screenshot(path=PICTURES / "city-area-stayed.png")
    second.page.keyboard.press("Enter")
    expect(stayed).to_have_count(0)
    first.page.evaluate(RESUME, held)
    expect(bar).to_have_count(0, timeout=SOON_MS)
