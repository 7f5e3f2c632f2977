"""Log-ins, pages that a role may not see, orders of somebody else, and the link of one order."""

from collections.abc import Callable

import pytest
from playwright.sync_api import StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import (
    CITY,
    CONSOLE,
    PHONE,
    SOON_MS,
    CityPage,
    ConsolePage,
    OpenPage,
    PhonePage,
    violations,
)

pytestmark = pytest.mark.needs_browser


def test_wrong_password_is_refused_in_words_and_the_right_one_opens_the_console(
    open_page: OpenPage, demo: DemoCity
) -> None:
    console = ConsolePage(open_page(CONSOLE), demo)
    console.visit()
    console.log_in("lead", password="not-the-password")
    expect(console.refusal).to_contain_text("不正确", timeout=SOON_MS)
    assert violations(console.page) == []
    console.log_in_patiently("lead")
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)


def test_field_crew_is_told_that_it_may_not_see_the_console(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> None:
    crew = next(name for name in demo.usernames() if name.startswith("crew"))
    console = ConsolePage(open_page(CONSOLE, staff_state(crew)), demo)
    console.visit()
    expect(console.forbidden).to_be_visible(timeout=SOON_MS)
    assert violations(console.page) == []


def test_resident_who_opens_the_city_page_finds_a_log_in_and_no_data(
    open_page: OpenPage, demo: DemoCity, number: str
) -> None:
    page = open_page(PHONE)
    phone = PhonePage(page, demo)
    phone.visit()
    phone.log_in(number)
    page.set_viewport_size(CITY)
    city = CityPage(page, demo)
    city.visit()
    expect(page.locator("input[name=totp]").or_(city.forbidden)).to_be_visible(timeout=SOON_MS)
    expect(city.online).to_have_count(0)


def test_order_of_somebody_else_is_not_found(
    open_page: OpenPage, demo: DemoCity, number: str, phone: PhonePage
) -> None:
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point()
    order = phone.place()
    other = PhonePage(open_page(PHONE), demo)
    other.visit()
    other.log_in(f"139{number[3:]}")
    other.visit(f"?order={order}")
    expect(other.page.get_by_role("alert")).to_contain_text("找不到", timeout=SOON_MS)
    expect(other.track).to_have_count(0)
    phone.cancel()


def test_link_of_an_order_shows_that_order_only_and_ends_with_it(
    open_page: OpenPage, demo: DemoCity, number: str, phone: PhonePage
) -> None:
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point()
    order = phone.place()
    phone.page.get_by_test_id("share").click()
    address = phone.page.get_by_test_id("share-url")
    expect(address).not_to_have_value("", timeout=SOON_MS)
    link = address.input_value()
    phone.page.keyboard.press("Escape")

    friend = PhonePage(open_page(PHONE), demo)
    friend.page.goto(link)
    expect(friend.track).to_be_visible(timeout=SOON_MS)
    assert order in friend.page.url
    assert "link=" not in friend.page.url
    expect(friend.page.get_by_test_id("cancel")).to_have_count(0)

    phone.cancel()
    phone.expect_state("cancelled", within_ms=SOON_MS)
    late = PhonePage(open_page(PHONE), demo)
    late.page.goto(link)
    expect(late.page.get_by_text("链接已失效")).to_be_visible(timeout=SOON_MS)
