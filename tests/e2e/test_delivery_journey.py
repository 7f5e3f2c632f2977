"""An order all the way, as the resident, the dispatcher and the city see it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import (
    ARRIVES_WITHIN_MS,
    ON_THE_WAY,
    PHONE,
    SOON_MS,
    CityPage,
    ConsolePage,
    OpenPage,
    PhonePage,
    violations,
)

pytestmark = pytest.mark.needs_browser


def test_order_is_placed_watched_collected_and_delivered(
    phone: PhonePage, console: ConsolePage, city: CityPage, number: str
) -> None:
    city.visit()
    expect(city.online).to_contain_text("206", timeout=SOON_MS)
    before = city.orders_today()
    console.visit("?view=orders")
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point()
    order = phone.place()

    expect(city.page.get_by_test_id("orders-today")).to_have_text(str(before + 1), timeout=SOON_MS)
    expect(console.card(order)).to_be_visible(timeout=SOON_MS)
    assert console.column_of(order) in ON_THE_WAY

    phone.expect_state("in_transit")
    expect(phone.page.get_by_test_id("eta")).to_be_visible(timeout=SOON_MS)
    expect(phone.page.get_by_test_id("map")).to_have_attribute("data-state", "here", timeout=SOON_MS)
    assert violations(phone.page) == []
    phone.expect_state("arrived")
    code = phone.code()
    assert len(code) == 6
    phone.expect_kept_without_a_network()
    assert phone.code() == code

    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    phone.open_door(wrong)
    refused = phone.page.locator("dialog[open]").get_by_role("alert")
    expect(refused).to_contain_text(re.compile("还可输错 4 次"), timeout=SOON_MS)
    phone.page.keyboard.press("Escape")
    assert violations(phone.page) == []

    phone.open_door()
    phone.expect_state("delivered")
    expect(phone.page.get_by_test_id("code")).to_have_count(0)

    expect(console.page.locator('[data-column="closed"]', has=console.card(order))).to_be_visible(
        timeout=ARRIVES_WITHIN_MS
    )
    drawer = console.open_order(order)
    expect(drawer.get_by_test_id("order-state")).to_have_attribute("data-state", "delivered")
    history = drawer.locator("ol li")
    expect(history.first).to_contain_text("下单")
    expect(history.last).to_contain_text("已签收")
    expect(drawer.locator("tr.chosen")).to_contain_text("选中")
    expect(drawer).to_contain_text(f"{number[:3]}****{number[-4:]}")
    assert violations(console.page) == []


def test_order_cancelled_before_loading_is_cancelled_everywhere(
    phone: PhonePage, console: ConsolePage, number: str
) -> None:
    console.visit("?view=orders")
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point(1)
    order = phone.place()
    phone.cancel()
    phone.expect_state("cancelled", within_ms=SOON_MS)
    expect(phone.page.get_by_test_id("cancel")).to_have_count(0)
    expect(console.page.locator('[data-column="closed"]', has=console.card(order))).to_be_visible(
        timeout=SOON_MS
    )


def test_page_without_webgl_follows_an_order_all_the_same(
    open_page: OpenPage, demo: DemoCity, number: str
) -> None:
    """The map is the one thing that is missing, and the page says so."""
    no_webgl = "HTMLCanvasElement.prototype.getContext = () => null;"
    phone = PhonePage(open_page(PHONE, None, no_webgl), demo)
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point(2)
    phone.place()
    phone.expect_state("picking_up")
    expect(phone.page.get_by_test_id("map-off")).to_be_visible(timeout=SOON_MS)
    expect(phone.page.get_by_test_id("eta")).to_be_visible(timeout=SOON_MS)
    phone.cancel()
    phone.expect_state("cancelled", within_ms=SOON_MS)
