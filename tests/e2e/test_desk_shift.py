"""A shift at the desk: begun, muted and seen to be, handed over with a note that the next one reads."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, ConsolePage, OpenPage, violations

pytestmark = pytest.mark.needs_browser


WITHOUT_MAP = "view=money"
"""Two living maps at once would keep a machine without a graphics card busy for minutes."""
TAKE_ALL = """async () => {
  const { items } = await (await fetch("/api/alarms?state=waiting&limit=500")).json();
  for (const alarm of items.filter((one) => one.severity === "critical"))
    await fetch(`/api/alarms/${alarm.alarmId}/acknowledge`, {
      method: "POST", headers: { "content-type": "application/json" }, body: '{"comment": "seen"}',
    });
}"""
"""Critical alarms that other journeys left: nobody hands over while one is nobody's."""


def _opened(page: Page) -> None:
    page.get_by_test_id("shift").click()
    expect(page.get_by_role("dialog", name="班次与声音")).to_be_visible(timeout=SOON_MS)


def test_a_muted_desk_is_seen_by_the_lead_who_reads_what_it_hands_over(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], number: str
) -> None:
    first = ConsolePage(open_page(CONSOLE, staff_state("dispatcher")), demo).page
    first.goto(f"{demo.url}/console?{WITHOUT_MAP}")
    _opened(first)
    first.get_by_role("button", name="试听 紧急").click()
    expect(first.get_by_test_id("shift")).to_have_attribute("data-sounded", "critical")
    first.get_by_test_id("begin-shift").click()
    expect(first.get_by_test_id("hand-over")).to_be_visible(timeout=SOON_MS)
    first.get_by_test_id("mute").click()
    expect(first.get_by_test_id("shift")).to_contain_text("已静音")
    assert violations(first) == []

    lead = ConsolePage(open_page(CONSOLE, staff_state("lead")), demo).page
    lead.goto(f"{demo.url}/console?{WITHOUT_MAP}")
    expect(lead.get_by_test_id("shift")).to_contain_text("1 个席位静音", timeout=SOON_MS)
    _opened(lead)
    expect(lead.get_by_test_id("desk").filter(has_text="示例调度员")).to_contain_text("静音")
    PICTURES.mkdir(exist_ok=True)
    lead.screenshot(path=PICTURES / "console-shift.png")

    first.get_by_test_id("hand-over").click()
    expect(first.get_by_role("dialog").get_by_role("alert")).to_contain_text("请填写交接事项。")
    note = f"九号车在等件 {number}"
    first.get_by_label("交接事项").fill(note)
    first.evaluate(TAKE_ALL)
    first.get_by_test_id("hand-over").click()
    expect(first.get_by_test_id("begin-shift")).to_be_visible(timeout=SOON_MS)
    lead.reload()
    _opened(lead)
    there = lead.get_by_test_id("hand-over-note").filter(has_text=note).first
    there.get_by_role("button", name="已阅").click()
    expect(there).to_contain_text("示例值班长", timeout=SOON_MS)
    assert violations(lead) == []
