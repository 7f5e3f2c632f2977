"""Forms by which a shift lead changes what holds: weather limits, the order flow, a vehicle's end."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, ConsolePage, OpenPage, violations

pytestmark = [pytest.mark.needs_browser, pytest.mark.thorough]

WORKS_UNTIL_S = 300.0
"""A patrol vehicle brings its round to an end, fifty minutes of city time at most."""


@pytest.fixture
def lead(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> Iterator[ConsolePage]:
    """The console of a shift lead; nothing may be complained of on its browser's console."""
    page = ConsolePage(open_page(CONSOLE, staff_state("lead")), demo)
    said: list[str] = []
    page.page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []


def set_wind(form: Locator, limit: str, why: str) -> None:
    """Fill in the wind, look at what it does, save."""
    form.get_by_label(re.compile("风速")).fill(limit)
    expect(form.get_by_role("button", name="保存")).to_be_disabled()
    form.get_by_role("button", name=re.compile("预览")).click()
    expect(form.get_by_test_id("limits-preview")).to_be_visible(timeout=SOON_MS)
    form.get_by_label("调整原因").fill(why)
    form.get_by_role("button", name="保存").click()
    expect(form.get_by_role("status")).to_contain_text("已保存", timeout=SOON_MS)


def test_a_company_bears_less_wind_than_the_city_once_it_has_seen_what_that_does(lead: ConsolePage) -> None:
    lead.visit("?view=site")
    limits = lead.page.get_by_test_id("limits")
    row = limits.get_by_role("row").filter(has=lead.page.get_by_role("rowheader", name="无人巡逻"))
    expect(row).not_to_contain_text("本企业", timeout=SOON_MS)
    row.get_by_role("button", name="调整").click()
    form = limits.get_by_test_id("limits-form")
    form.get_by_label(re.compile("风速")).fill("99")
    expect(form.get_by_role("alert")).to_contain_text("不能比全市宽松")
    expect(form.get_by_role("button", name="预览影响")).to_be_disabled()
    assert violations(lead.page) == []
    set_wind(form, "11", "演练")
    expect(row).to_contain_text("≤ 11 本企业", timeout=SOON_MS)
    set_wind(form, "", "演练结束")
    expect(row).not_to_contain_text("本企业", timeout=SOON_MS)


def test_a_step_of_the_order_flow_is_asked_for_and_the_version_before_is_kept(lead: ConsolePage) -> None:
    lead.visit("?view=hotline")
    flow = lead.page.get_by_test_id("flow")
    step = flow.get_by_role("checkbox").first
    expect(step).not_to_be_checked(timeout=SOON_MS)
    save = flow.get_by_test_id("save-flow")
    for why, version in (("演练", "第 1 版"), ("演练结束", "第 2 版")):
        step.click()
        expect(save).to_be_disabled()
        flow.locator("input[name=why]").fill(why)
        save.click()
        expect(flow.get_by_role("heading", level=2)).to_contain_text(version, timeout=SOON_MS)
        expect(flow.get_by_role("listitem").first).to_contain_text(why)
    expect(step).not_to_be_checked()
    expect(flow.get_by_role("listitem").nth(1)).to_contain_text("第 1 版")
    assert violations(lead.page) == []


ON_PATROL = """async () => {
  const found = (await (await fetch('/api/vehicles?service=patrol')).json()).items;
  return [found.at(-1).vehicleNo, found.at(-1).code];
}"""
LIFECYCLE = "async (no) => (await (await fetch(`/api/vehicles/${no}`)).json()).lifecycle"


def test_a_vehicle_leaves_the_fleet_for_a_reason_and_gets_no_work_any_more(lead: ConsolePage) -> None:
    lead.visit()
    number, code = lead.page.evaluate(ON_PATROL)
    lead.visit(f"?v={code}")
    lead.page.get_by_role("button", name="退役…").click()
    dialog = lead.page.get_by_role("dialog", name=re.compile("车辆退役"))
    expect(dialog.get_by_test_id("take-out-preview")).to_be_visible(timeout=SOON_MS)
    dialog.get_by_role("button", name="确认退役").click()
    expect(dialog.get_by_role("alert").first).to_have_text("请填写原因。")
    assert violations(lead.page) == []
    dialog.get_by_role("radio", name="全部取消").check()
    dialog.get_by_label("原因").fill("演练")
    dialog.get_by_role("button", name="确认退役").click()
    expect(dialog.get_by_role("status")).to_contain_text(
        re.compile("已决定退役（全部取消）：演练|车辆已退役")
    )
    until_s = time.monotonic() + WORKS_UNTIL_S
    while lead.page.evaluate(LIFECYCLE, number) != "decommissioned":
        assert time.monotonic() < until_s, f"vehicle {number} is still in the fleet"
        lead.page.wait_for_timeout(2_000)
