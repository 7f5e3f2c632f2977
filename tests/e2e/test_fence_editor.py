"""The page of fences: drawn, split, previewed, published, changed with what differs, imported, looked at."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, OpenPage, StaffPage, out_of_reach, violations

pytestmark = pytest.mark.needs_browser

SQUARE = ((-170, -120), (170, -120), (170, 120), (-170, 120))
"""Corners of a drawing, px from the middle of the map."""
MOVED_MS = 500
"""As long as a map takes to move at an arrow key."""


class FencesPage(StaffPage):
    """The list, the map and the pane beside it."""

    path = "fences"

    def click_map(self, dx: float, dy: float) -> None:
        """Click so many px right of and below the middle of the map."""
        box = self.page.get_by_test_id("fence-map").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)

    def expect_map(self, mode: str) -> None:
        """Wait until the map takes clicks and knows what they mean."""
        map_ = self.page.get_by_test_id("fence-map")
        expect(map_).to_have_attribute("data-ready", "true", timeout=SOON_MS)
        expect(map_).to_have_attribute("data-mode", mode)

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture
def lead(open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]) -> FencesPage:
    """Return the page of a shift lead, who may draw in her own park."""
    return FencesPage(open_page(CONSOLE, staff_state("lead")), demo)


def name_it(page: Page, name: str) -> None:
    """Fill in what a fence must say."""
    page.get_by_label("中文名称", exact=True).last.fill(name)
    page.get_by_label("英文名称", exact=True).last.fill(f"{name} (e2e)")
    page.get_by_label("来源").fill("e2e")


def test_a_fence_is_drawn_split_previewed_published_and_its_next_version_says_what_differs(
    lead: FencesPage, number: str
) -> None:
    page, name = lead.page, f"试验场 {number}"
    lead.visit("?kind=no_go")
    # a fence that is opened comes into the middle of the map, near enough to draw something small
    page.get_by_test_id("fences").locator("li button").first.click()
    expect(page.get_by_test_id("fence").locator("article").first).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="绘制围栏").click()
    form = page.get_by_test_id("fence-form")
    lead.expect_map("draw")
    form.get_by_role("button", name="保存草稿").click()
    for dx, dy in SQUARE:
        lead.click_map(dx, dy)
    outline = form.get_by_test_id("outline")
    expect(outline.locator("li")).to_have_count(4)
    name_it(page, name)
    form.get_by_label("限速（km/h").fill("18")
    form.get_by_label("始终生效").uncheck()
    form.get_by_label("开始").fill("07:30")
    form.get_by_label("结束").fill("08:15")
    form.get_by_role("group", name="星期").get_by_role("button", name="日").click()

    form.locator("summary").filter(has_text="切分").click()
    form.get_by_role("button", name="切分", exact=True).click()
    lead.expect_map("cut")
    lead.click_map(60, -200)
    lead.click_map(60, 200)
    off = form.get_by_test_id("cut-off")
    expect(off.get_by_label("中文名称")).to_have_value(f"{name} 2")
    assert violations(page) == []
    lead.picture("fence-split")
    form.get_by_role("button", name="保存草稿").click()

    pane = page.get_by_test_id("fence")
    first = pane.locator("[data-version='1']")
    expect(first).to_have_attribute("data-state", "draft", timeout=SOON_MS)
    expect(pane).to_contain_text("周一 二 三 四 五 六 07:30–08:15")
    first.get_by_role("button", name="预览影响").click()
    expect(first.get_by_test_id("preview")).to_contain_text("围栏内现有", timeout=SOON_MS)
    assert violations(page) == []
    first.get_by_role("button", name="发布").click()
    expect(first).to_have_attribute("data-state", "published", timeout=SOON_MS)

    pane.get_by_role("button", name="修改（新版本）").click()
    form.get_by_label("限速（km/h").fill("10")
    form.get_by_role("button", name="保存草稿").click()
    second = pane.locator("[data-version='2']")
    expect(second.get_by_test_id("diff")).to_have_text(
        re.compile(r"^限速\s*18\s*km/h\s*10\s*km/h$"), timeout=SOON_MS
    )
    assert violations(page) == []
    lead.picture("fence-versions")
    second.get_by_role("button", name="丢弃").click()
    second.get_by_role("button", name="确认丢弃").click()
    expect(second).to_have_attribute("data-state", "retired", timeout=SOON_MS)
    first.get_by_role("button", name="停用").click()
    first.get_by_role("button", name="确认停用").click()
    expect(first).to_have_attribute("data-state", "retired", timeout=SOON_MS)
    lead.visit(f"?q={name}")
    expect(page.get_by_test_id("fences").locator("li")).to_have_count(1, timeout=SOON_MS)
    expect(page.get_by_test_id("fences")).to_contain_text(f"{name} 2")


def test_whoever_may_only_look_asks_the_map_what_holds_and_is_offered_nothing_else(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> None:
    looking = FencesPage(open_page(CONSOLE, staff_state("dispatcher")), demo)
    page = looking.page
    looking.visit("?kind=no_go")
    fences = page.get_by_test_id("fences").locator("li button")
    expect(fences.first).to_be_visible(timeout=SOON_MS)
    fences.first.click()
    pane = page.get_by_test_id("fence")
    expect(pane.locator("[data-version='1']")).to_have_attribute("data-state", "published", timeout=SOON_MS)
    expect(pane).to_contain_text("您的角色只能查看围栏。")
    expect(page.get_by_role("button", name="绘制围栏")).to_have_count(0)
    expect(pane.get_by_role("button", name="停用")).to_have_count(0)
    looking.expect_map("look")
    # the fence that was opened has come to the middle of the map
    looking.click_map(0, 0)
    place = page.get_by_test_id("place")
    expect(place.get_by_test_id("rule")).to_contain_text("禁止进入", timeout=SOON_MS)
    assert violations(page) == []
    looking.picture("fence-place")


@pytest.mark.thorough
def test_a_fence_is_drawn_without_a_mouse_and_the_focus_is_never_lost(lead: FencesPage, number: str) -> None:
    page, keys = lead.page, lead.page.keyboard
    lead.visit("?kind=no_go&d=KB")
    row = page.get_by_test_id("fences").locator("li button").first
    expect(row).to_be_visible(timeout=SOON_MS)
    lead.expect_map("look")
    assert violations(page) == []
    assert out_of_reach(page) == []
    row.focus()
    keys.press("Enter")
    pane = page.get_by_test_id("fence")
    expect(pane.get_by_role("heading").first).to_be_focused(timeout=SOON_MS)
    lead.picture("fence-chosen")
    pane.get_by_role("button", name="关闭").focus()
    keys.press("Enter")
    expect(row).to_be_focused()

    draw = page.get_by_role("button", name="绘制围栏")
    draw.focus()
    keys.press("Enter")
    form = page.get_by_test_id("fence-form")
    expect(form.get_by_role("heading").first).to_be_focused()
    page.locator("canvas.maplibregl-canvas").focus()
    corners = form.get_by_test_id("outline").locator("li")
    for count, turn in enumerate(("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"), start=1):
        keys.press("Enter")
        expect(corners).to_have_count(count)
        keys.press(turn)
        page.wait_for_timeout(MOVED_MS)
    lead.picture("fence-by-keyboard")
    keys.press("Backspace")
    expect(corners).to_have_count(3)
    form.get_by_role("button", name="添加顶点").focus()
    keys.press("Enter")
    latitude = form.get_by_label("顶点 4 纬度")
    expect(latitude).to_be_focused()
    moved = float(latitude.input_value()) + 0.001
    keys.type(f"{moved:.6f}")
    keys.press("Enter")
    expect(latitude).to_have_value(f"{moved:.6f}")
    form.get_by_role("button", name="顶点 4 删除").focus()
    keys.press("Enter")
    expect(form.get_by_role("button", name="添加顶点")).to_be_focused()
    assert out_of_reach(page) == []
    name_it(page, f"键盘 {number}")
    form.get_by_label("限速（km/h").fill("12")
    form.get_by_label("边界误差").fill("10001")
    form.evaluate("form => (form.noValidate = true)")
    save = form.get_by_role("button", name="保存草稿")
    save.focus()
    keys.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text(re.compile("边界误差.*：最多 10000"), timeout=SOON_MS)
    expect(save).to_be_focused()
    assert violations(page) == []
    lead.picture("fence-refused")
    form.get_by_role("button", name="放弃").focus()
    keys.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    # what is asked goes with the state of the page, a moment after the dialog
    expect(page.locator("dialog h2")).to_have_count(0)
    expect(form.get_by_role("button", name="放弃")).to_be_focused()
    keys.press("Enter")
    dialog.get_by_role("button").first.focus()
    keys.press("Enter")
    expect(draw).to_be_focused()

    page.get_by_role("searchbox").fill(f"没有这个 {number}")
    keys.press("Enter")
    expect(page.get_by_test_id("fences").locator("li")).to_have_count(0, timeout=SOON_MS)
    assert violations(page) == []
    page.get_by_role("searchbox").fill("")
    keys.press("Enter")
    expect(row).to_be_visible(timeout=SOON_MS)
    page.context.set_offline(True)
    row.focus()
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("连不上服务器", timeout=SOON_MS)
    assert violations(page) == []
    lead.picture("fence-offline")
    page.context.set_offline(False)
    page.get_by_role("button", name="重试").focus()
    keys.press("Enter")
    expect(pane).to_be_visible(timeout=SOON_MS)


@pytest.mark.thorough
def test_many_fences_come_from_a_file_or_none_with_the_place_of_what_is_wrong(
    lead: FencesPage, tmp_path: Path, number: str
) -> None:
    page = lead.page
    lead.visit("?kind=slow_zone")
    expect(page.get_by_test_id("fences").locator("li").first).to_be_visible(timeout=SOON_MS)
    with page.expect_download() as saved:
        page.get_by_role("button", name="导出 GeoJSON").click()
    exported = json.loads(Path(saved.value.path()).read_text())
    mine = next(one for one in exported["features"] if one["properties"]["district"] == "KB")
    mine["properties"] |= {"fenceId": f"e2e-copy-{number}", "nameZh": f"导入 {number}"}
    own = page.evaluate("async () => (await (await fetch('/api/vehicles?limit=1')).json()).items[0]")
    mine["properties"] |= {"district": own["district"], "operator": own["operator"]}
    crooked = json.loads(json.dumps(mine))
    crooked["properties"] |= {"fenceId": f"e2e-bad-{number}", "accuracyM": -1}

    page.get_by_role("button", name="批量导入").click()
    dialog = page.locator("dialog[open]")
    file = tmp_path / "fences.geojson"
    for features, said in (([mine, crooked], "第 2 个围栏"), ([mine], "已导入 1 个草稿")):
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        dialog.get_by_label("选择文件").set_input_files(file)
        dialog.get_by_role("button", name="导入为草稿").click()
        expect(dialog).to_contain_text(said, timeout=SOON_MS)
    assert violations(page) == []
    lead.visit(f"?q=e2e-copy-{number}&state=draft")
    expect(page.get_by_test_id("fences").locator("li")).to_have_count(1, timeout=SOON_MS)


HERE = """async (which) => {
  const others = 'service=vending&service=patrol&service=sweeping&condition=idle&condition=charging';
  const found = (await (await fetch(`/api/vehicles?${others}`)).json()).items.at(which);
  const one = await (await fetch(`/api/vehicles/${found.vehicleNo}`)).json();
  return [one.code, one.service, one.lat, one.lng];
}"""
"""A vehicle of one's own park that stands and that no other journey needs, and where it is."""
SERVICES = {"vending": "无人售卖", "patrol": "无人巡逻", "sweeping": "无人清扫"}
TRIED = 3
RAISED_WITHIN_MS = 30_000


def publish_over(lead: FencesPage, service: str, lat: float, lng: float, name: str) -> str:
    """Draw and publish a 禁行区 around a place for the vehicles of a service, and return its id."""
    page = lead.page
    lead.visit("?kind=no_go")
    expect(page.get_by_test_id("fences").locator("li").first).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="绘制围栏").click()
    form = page.get_by_test_id("fence-form")
    form.locator("summary").filter(has_text="导入 GeoJSON").click()
    ring = [
        [lng + x, lat + y]
        for x, y in ((-4e-4, -4e-4), (4e-4, -4e-4), (4e-4, 4e-4), (-4e-4, 4e-4), (-4e-4, -4e-4))
    ]
    form.get_by_test_id("geojson").fill(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    form.get_by_role("button", name="采用").click()
    form.get_by_label("类型").select_option("no_go")
    form.get_by_label(SERVICES[service]).last.check()
    name_it(page, name)
    form.get_by_role("button", name="保存草稿").click()
    version = page.get_by_test_id("fence").locator("[data-version='1']")
    version.get_by_role("button", name="预览影响").click()
    expect(version.get_by_test_id("preview")).to_contain_text(re.compile(r"现有 \d+ 辆车"), timeout=SOON_MS)
    version.get_by_role("button", name="发布").click()
    expect(version).to_have_attribute("data-state", "published", timeout=SOON_MS)
    return page.get_by_test_id("fence").locator("code").first.inner_text()


def retire(lead: FencesPage, fence: str) -> None:
    """End a fence."""
    lead.visit(f"?open={fence}")
    version = lead.page.get_by_test_id("fence").locator("[data-version='1']")
    version.get_by_role("button", name="停用").click()
    version.get_by_role("button", name="确认停用").click()
    expect(version).to_have_attribute("data-state", "retired", timeout=SOON_MS)


def test_a_fence_over_a_vehicle_raises_an_alarm_that_is_taken_and_a_violation(
    lead: FencesPage, demo: DemoCity, number: str
) -> None:
    page = lead.page
    lead.visit("?kind=no_go")
    for which in range(TRIED):
        code, service, lat, lng = page.evaluate(HERE, which)
        fence = publish_over(lead, service, lat, lng, f"禁行 {number} {which}")
        page.goto(f"{demo.url}/console?list=alarms&view=")
        alarm = page.locator("li[id^=alarm-]").filter(has_text=code).filter(has_text="禁行")
        try:
            expect(alarm.first).to_be_visible(timeout=RAISED_WITHIN_MS)
            break
        except AssertionError:
            # it was sent off while the fence was drawn: the next one
            retire(lead, fence)
    else:
        raise AssertionError(f"none of {TRIED} vehicles that stood in a 禁行区 raised an alarm")
    alarm.first.get_by_role("button").first.click()
    # a simulated operator on duty may have been quicker: a shift lead may take it over all the same
    alarm.first.get_by_role("button", name="由我处理").click()
    expect(alarm.first).to_contain_text("负责人 示例值班长", timeout=SOON_MS)
    page.goto(f"{demo.url}/records?view=violations")
    expect(page.get_by_test_id("violations")).to_contain_text(fence, timeout=SOON_MS)
    retire(lead, fence)
