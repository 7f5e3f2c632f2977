"""Somebody at a vehicle scans its code: says what is the matter and reads the answer; an officer looks."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, PHONE, SOON_MS, ConsolePage, OpenPage, violations
from tests.e2e.test_every_desk import LOOKS, look_at

pytestmark = pytest.mark.needs_browser

LOOKED_AT_MS = 60_000
"""Somebody looks within a minute of the wall."""


@pytest.fixture
def code(demo: DemoCity) -> str:
    """The code on the body of a delivery vehicle."""
    issued = json.loads((demo.folder / "issued.json").read_text())
    return next(str(one["code"]) for one in issued["vehicles"] if one["service"] == "delivery")


def scanned(page: Page, demo: DemoCity, code: str) -> Page:
    page.goto(f"{demo.url}/scan/{code}")
    expect(page.get_by_test_id("vehicle")).to_contain_text(code, timeout=SOON_MS)
    return page


def test_what_blocks_the_way_is_said_in_two_taps_looked_into_and_answered(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], code: str
) -> None:
    street = scanned(open_page(PHONE), demo, code)
    expect(street.get_by_test_id("vehicle")).to_contain_text("有效，至")
    assert violations(street) == []
    street.get_by_role("radio", name="车辆挡路").click()
    street.get_by_role("button", name="提交反馈").click()
    told = street.get_by_test_id("said").locator("li").first
    expect(told).to_be_visible(timeout=SOON_MS)
    assert violations(street) == []

    desk = ConsolePage(open_page(CONSOLE, staff_state("lead")), demo)
    desk.visit(f"?list=feedback&v={code}")
    # the vehicle says why it is red, not only that it is
    why = desk.page.get_by_test_id("drawer-alarm").filter(has_text="市民反映挡路")
    expect(why.first).to_be_visible(timeout=SOON_MS)
    listed = desk.page.get_by_test_id("feedback").locator("li", has_text=code).first
    expect(listed).to_contain_text("车辆挡路", timeout=SOON_MS)
    # A simulated operator may have taken the session already: then there is nothing left to take.
    if listed.get_attribute("data-state") == "received":
        listed.get_by_role("button", name="我来处理").click()
    expect(told).to_have_attribute("data-state", "looking", timeout=LOOKED_AT_MS)
    listed.get_by_role("button", name="答复").click()
    listed.locator("textarea[name=answer]").fill("已让车辆靠边，感谢提醒")
    assert violations(desk.page) == []
    listed.get_by_role("button", name="已解决并答复").click()
    expect(told).to_contain_text("已让车辆靠边，感谢提醒", timeout=SOON_MS)
    street.reload()
    expect(street.get_by_test_id("said")).to_contain_text("已解决", timeout=SOON_MS)


def test_an_officer_opens_the_vehicle_once_with_a_code_that_the_shift_lead_gives_out(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], code: str
) -> None:
    desk = ConsolePage(open_page(CONSOLE, staff_state("lead")), demo)
    desk.visit()
    drawer = desk.open_vehicle(code)
    drawer.get_by_test_id("police-open").click()
    dialog = desk.page.locator("dialog[open]")
    dialog.locator("input[name=officer]").fill("王警官 0123 康巴什交警")
    dialog.locator("input[name=police-reason]").fill("现场核查")
    assert violations(desk.page) == []
    dialog.get_by_role("button", name="生成代码").click()
    shown = dialog.get_by_test_id("police-code")
    expect(shown).to_be_visible(timeout=SOON_MS)
    digits = re.sub(r"\D", "", shown.inner_text())

    street = scanned(open_page(PHONE), demo, code)
    street.get_by_role("button", name="执法人员查看").click()
    field = street.locator("input[name=police-code]")
    field.fill(f"{(int(digits) + 1) % 10**8:08d}")
    street.get_by_role("button", name="查看", exact=True).click()
    expect(street.get_by_role("alert")).to_contain_text("代码不对", timeout=SOON_MS)
    field.fill(digits)
    street.get_by_role("button", name="查看", exact=True).click()
    seen = street.get_by_test_id("officer")
    expect(seen).to_contain_text("保单号", timeout=SOON_MS)
    expect(seen.locator("tbody tr").first).to_be_visible(timeout=SOON_MS)
    assert violations(street) == []
    street.reload()
    expect(street.get_by_test_id("officer")).to_contain_text("保单号", timeout=SOON_MS)

    other = scanned(open_page(PHONE), demo, code)
    other.get_by_role("button", name="执法人员查看").click()
    other.locator("input[name=police-code]").fill(digits)
    other.get_by_role("button", name="查看", exact=True).click()
    expect(other.get_by_role("alert")).to_contain_text("代码不对", timeout=SOON_MS)


def test_the_page_of_a_code_is_clean_in_english_and_dark(
    open_page: OpenPage, demo: DemoCity, code: str
) -> None:
    look_at(scanned(open_page(PHONE), demo, code), f"{demo.url}/scan/{code}", "scan", LOOKS[1:])


def test_what_is_no_code_is_asked_for_again(open_page: OpenPage, demo: DemoCity) -> None:
    page = open_page(PHONE)
    page.goto(f"{demo.url}/scan/EDS-KB-D-0001-9")
    expect(page.get_by_role("alert")).to_contain_text("不是本市车辆的编码", timeout=SOON_MS)
    expect(page.locator("input[name=code]")).to_be_visible()
    assert violations(page) == []
