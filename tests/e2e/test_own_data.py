"""A resident reads what is kept of her, takes it with her, and leaves."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PICTURES
from tests.e2e.pages import SOON_MS, PhonePage, violations

pytestmark = pytest.mark.needs_browser


def test_a_resident_downloads_her_data_and_leaves(phone: PhonePage, number: str) -> None:
    own = f"137{number[3:]}"
    phone.visit()
    page = phone.page
    phone.log_in(own)
    page.evaluate("() => localStorage.removeItem('steppe.read')")
    phone.visit()
    first = page.get_by_test_id("first-use")
    expect(first).to_be_visible(timeout=SOON_MS)
    assert violations(page) == []
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "phone-first-use.png", full_page=True)
    first.locator("input[name=location]").check()
    first.get_by_role("button").click()
    expect(page.get_by_test_id("merchants")).to_be_visible(timeout=SOON_MS)
    page.goto(f"{phone.demo.url}/privacy")
    expect(page.get_by_test_id("location")).to_contain_text("已允许", timeout=SOON_MS)
    page.get_by_role("button", name="收回允许").click()
    expect(page.get_by_test_id("location")).to_contain_text("未允许")
    expect(page.get_by_test_id("copy")).to_be_visible(timeout=SOON_MS)
    assert violations(page) == []
    page.screenshot(path=PICTURES / "phone-privacy.png", full_page=True)
    with page.expect_download() as downloading:
        page.get_by_test_id("copy").click()
    copy = json.loads(Path(downloading.value.path()).read_text())
    assert (copy["phone"], copy["orders"], copy["keepsFromLeaving"]) == (f"+86{own}", [], [])
    page.get_by_test_id("leave").click()
    assert violations(page) == []
    page.get_by_test_id("leave-now").click()
    expect(page.get_by_test_id("left")).to_be_visible(timeout=SOON_MS)
    phone.visit()
    expect(page.locator("input[name=phone]")).to_be_visible(timeout=SOON_MS)
