"""Somebody calls a vending vehicle, it comes, she buys from it and reads what she took and what it costs."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import ARRIVES_WITHIN_MS, PHONE, PICTURES, SOON_MS, OpenPage, PhonePage, violations
from tests.e2e.test_every_desk import listened

pytestmark = pytest.mark.needs_browser

PHONE_NUMBER = "13500135000"
SALES_MOST = 4
"""One in some simulated buyers changes her mind at the open door and takes nothing, which costs nothing."""


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"vending-{name}.png", full_page=True)


@pytest.fixture(scope="session")
def caller(browser: Browser, demo: DemoCity) -> StorageState:
    """Somebody who called a vending vehicle: one is free after some minutes of the city, and drives."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", reduced_motion="reduce")
    phone = PhonePage(context.new_page(), demo)
    phone.visit()
    phone.log_in(PHONE_NUMBER)
    phone.call_vending()
    state = context.storage_state()
    context.close()
    return state


@pytest.mark.begins(0)
def test_who_called_a_vehicle_reads_where_it_will_stop_and_why(
    open_page: OpenPage, demo: DemoCity, caller: StorageState, complaints: list[str]
) -> None:
    phone = PhonePage(listened(open_page(PHONE, caller), complaints), demo)
    ticket = phone.call_vending()
    expect(ticket).to_contain_text(re.compile("正在找车|已派车|正在赶来|已到达"))
    phone.page.get_by_text("为什么停这里").click()
    assert violations(phone.page) == []
    picture(phone.page, "called")


@pytest.mark.thorough  # two minutes until the vehicle is there
@pytest.mark.begins(3)
def test_the_vehicle_that_was_called_comes_opens_and_is_paid_for_what_was_taken(
    open_page: OpenPage, demo: DemoCity, caller: StorageState, complaints: list[str]
) -> None:
    phone = PhonePage(listened(open_page(PHONE, caller), complaints), demo)
    page = phone.page
    expect(phone.call_vending()).to_contain_text("已到达", timeout=ARRIVES_WITHIN_MS)
    seller = page.get_by_test_id("sellers").locator("li", has=page.locator("[aria-expanded=true]")).first
    goods = seller.get_by_test_id("goods").locator("li").first
    goods.get_by_role("button").first.click(timeout=SOON_MS)
    assert violations(page) == []
    picture(page, "arrived")
    bought = page.get_by_test_id("recent-sales")
    for sale in range(1, SALES_MOST + 1):
        page.get_by_test_id("buy").click(timeout=SOON_MS)
        page.get_by_test_id("open-slot").click(timeout=SOON_MS)
        expect(bought.locator("li")).to_have_count(sale, timeout=SOON_MS)
        if "没有取走" not in bought.locator("li").first.inner_text():
            break
        goods.get_by_role("button").first.click(timeout=SOON_MS)
    expect(bought.locator("li").first).to_contain_text(re.compile(r"取走 1 件，¥\d+\.\d\d"))
    expect(bought).to_contain_text("请到服务点付款")
    expect(page.get_by_test_id("open-sales")).to_have_count(0)
    assert violations(page) == []
    picture(page, "bought")
