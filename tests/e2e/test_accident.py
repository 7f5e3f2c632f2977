"""An accident: stopped at once, its scene held and looked at, released by the agency; closed and replayed."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, PHONE, SOON_MS, ConsolePage, OpenPage, RecordsPage, violations
from tests.e2e.test_every_desk import listened

pytestmark = [pytest.mark.needs_browser, pytest.mark.thorough]  # six minutes, of which most is waiting

HIGHER_WITHIN_MS = 90_000
"""At 10x an alarm like this goes to the shift lead after half a minute, to the city after a minute and a
half; times three of the first."""


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


def code_for_an_officer(desk: Page) -> str:
    """Return the eight digits that a desk is shown for an officer at the vehicle whose drawer is open."""
    desk.get_by_test_id("police-open").click()
    dialog = desk.locator("dialog[open]")
    dialog.locator("input[name=officer]").fill("李警官 0456 康巴什交警")
    dialog.locator("input[name=police-reason]").fill("事故勘查")
    dialog.get_by_role("button", name="生成代码").click()
    digits = re.sub(r"\D", "", dialog.get_by_test_id("police-code").inner_text(timeout=SOON_MS))
    desk.keyboard.press("Escape")
    return digits


def test_a_held_scene_is_looked_at_by_an_officer_and_released_by_the_agency_while_its_alarm_goes_higher(
    open_page: OpenPage,
    demo: DemoCity,
    staff_state: Callable[[str], StorageState],
    accident: str,
    complaints: list[str],
) -> None:
    lead = RecordsPage(listened(open_page(CONSOLE, staff_state("lead")), complaints), demo)
    lead.open_case(accident)
    case = lead.page.get_by_test_id("case")
    lead.take_step("holds", "等交警勘查")
    expect(case).to_have_attribute("data-held", "true")
    expect(case.get_by_test_id("step-releases")).to_have_count(0)
    assert violations(lead.page) == []
    lead.picture("accident-case")

    desk = ConsolePage(lead.page, demo)
    desk.visit()
    drawer = desk.open_vehicle(accident)
    expect(drawer.get_by_test_id("scene-held")).to_be_visible(timeout=SOON_MS)
    release = drawer.get_by_test_id("command-release")
    expect(release).to_be_disabled()
    assert violations(desk.page) == []
    lead.picture("accident-held")
    digits = code_for_an_officer(desk.page)
    street = listened(open_page(PHONE), complaints)
    street.goto(f"{demo.url}/scan/{accident}")
    street.get_by_role("button", name="执法人员查看").click()
    street.locator("input[name=police-code]").fill(digits)
    street.get_by_role("button", name="查看", exact=True).click()
    expect(street.get_by_test_id("officer")).to_contain_text("保单号", timeout=SOON_MS)

    agency = RecordsPage(listened(open_page(CONSOLE, staff_state("police")), complaints), demo)
    agency.open_case(accident)
    agency.take_step("releases", "勘查完毕，车辆可以移动")
    case = agency.page.get_by_test_id("case")
    expect(case).to_have_attribute("data-held", "false")
    expect(case.get_by_test_id("story")).to_contain_text("解除现场保护")
    assert violations(agency.page) == []
    agency.picture("accident-released")

    expect(drawer.get_by_test_id("scene-held")).to_have_count(0, timeout=SOON_MS)
    expect(release).to_be_enabled(timeout=SOON_MS)
    desk.page.get_by_role("tab", name=re.compile("告警")).click()
    alarm = desk.page.locator("li", has_text=accident).filter(has_text="紧急停车").first
    expect(alarm).to_contain_text(re.compile("已上报(值班长|市级值班员)"), timeout=HIGHER_WITHIN_MS)
    lead.picture("accident-higher")
    alarm.locator("button.head").click()
    alarm.get_by_role("button", name="确认告警").click()
    expect(alarm).to_contain_text(re.compile(r"示例值班长 \d\d:\d\d 已确认"), timeout=SOON_MS)
    assert violations(desk.page) == []
    ladder = desk.command("release", "现场已解除")
    expect(ladder).to_have_attribute("data-state", "succeeded", timeout=SOON_MS)


@pytest.mark.ends
def test_the_agency_closes_the_case_and_whoever_reads_it_later_replays_its_moment_on_the_city_map(
    open_page: OpenPage,
    demo: DemoCity,
    staff_state: Callable[[str], StorageState],
    accident: str,
    complaints: list[str],
) -> None:
    agency = RecordsPage(listened(open_page(CONSOLE, staff_state("police")), complaints), demo)
    agency.open_case(accident, "evidence_sealed")
    agency.take_step("referrals", "证据齐全")
    agency.open_case(accident)
    agency.take_step("responsibility", "对方闯红灯", 责任方="对方")
    agency.take_step("closings", "双方已签认")
    assert violations(agency.page) == []
    agency.picture("accident-closed")

    reader = RecordsPage(listened(open_page(CONSOLE, staff_state("supervisor")), complaints), demo)
    reader.visit("?view=incidents&state=closed")
    row = reader.page.get_by_test_id("incidents").locator("tr", has_text=accident)
    row.get_by_role("link", name=re.compile("^回放")).click(timeout=SOON_MS)
    shown = reader.page.get_by_test_id("shown")
    expect(shown).to_be_visible(timeout=SOON_MS)
    expect(reader.page.get_by_test_id("day")).to_contain_text(accident, timeout=SOON_MS)
    marks = reader.page.get_by_test_id("day-marks")
    marks.locator("summary").click()
    mark = marks.get_by_role("button", name=accident).filter(has_text="碰撞")
    expect(mark).to_be_visible(timeout=SOON_MS)
    moment = shown.get_attribute("data-at")
    reader.page.get_by_role("slider", name="时刻").press("ArrowRight")
    expect(shown).not_to_have_attribute("data-at", str(moment), timeout=SOON_MS)
    mark.click()
    expect(shown).to_have_attribute("data-at", str(moment), timeout=SOON_MS)
    assert int(shown.get_attribute("data-vehicles") or 0) > 50
    assert violations(reader.page) == []
    reader.picture("accident-replay")
