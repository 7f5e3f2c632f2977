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
    phone.log_in(own)
    page = phone.page
    page.goto(f"{phone.demo.url}/privacy")
    expect(page.get_by_test_id("copy")).to_be_visible(timeout=SOON_MS)
    assert violations(page) == []
    PICTURES.mkdir(exist_ok=True)
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
