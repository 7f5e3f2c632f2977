"""An order all the way, as the resident, the merchant, the dispatcher and the city see it."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import (
    ARRIVES_WITHIN_MS,
    ON_THE_WAY,
    PHONE,
    PICTURES,
    SOON_MS,
    TABLET,
    CityPage,
    ConsolePage,
    OpenPage,
    PhonePage,
    violations,
)
from tests.e2e.test_every_desk import listened

pytestmark = pytest.mark.needs_browser


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def shop(demo: DemoCity) -> dict[str, str]:
    """The shop whose simulated shopkeeper leaves whoever opens its page the time to act."""
    shops: list[dict[str, str]] = json.loads((demo.folder / "issued.json").read_text())["merchants"]
    return [shop for shop in shops if shop["district"] == shops[0]["district"]][-1]


@pytest.fixture
def tablet(open_page: OpenPage, demo: DemoCity, shop: dict[str, str]) -> Page:
    """The shop's page, opened by choosing the shop that is marked in the demo's list."""
    page = open_page(TABLET)
    page.goto(f"{demo.url}/merchant")
    choice = page.locator("select[name=shop]")
    expect(choice.locator("option", has_text="由您接单")).to_have_attribute("value", shop["token"])
    choice.select_option(shop["token"])
    page.locator("button[type=submit]").click()
    expect(page.get_by_test_id("standing")).to_contain_text(shop["name"], timeout=SOON_MS)
    return page


def load_at_the_shop(tablet: Page, card: Locator) -> None:
    """Have the order ready, wait for the vehicle and put the goods into the box that the tablet names."""
    card.get_by_role("button", name="拣货单").click()
    expect(tablet.get_by_test_id("pick-list")).to_be_visible(timeout=SOON_MS)
    assert violations(tablet) == []
    tablet.keyboard.press("Escape")
    card.get_by_role("button", name="货已备好").click()
    expect(card).to_have_attribute("data-state", "there", timeout=ARRIVES_WITHIN_MS)
    expect(card).to_contain_text(re.compile(r"\d 号箱"))
    assert violations(tablet) == []
    PICTURES.mkdir(exist_ok=True)
    tablet.screenshot(path=PICTURES / "merchant-there.png")
    card.get_by_role("button", name="开箱装货").click()
    expect(card).to_have_count(0, timeout=SOON_MS)


@pytest.mark.begins(2)  # two minutes, in which a sweeping vehicle drives to its zone
def test_order_is_placed_taken_loaded_watched_collected_and_delivered(
    phone: PhonePage,
    tablet: Page,
    console: ConsolePage,
    city: CityPage,
    shop: dict[str, str],
    complaints: list[str],
    number: str,
) -> None:
    listened(tablet, complaints)
    city.visit()
    expect(city.online).to_contain_text("206", timeout=SOON_MS)
    before = city.orders_today()
    console.visit("?view=orders")
    phone.visit()
    phone.log_in(number)
    phone.page.get_by_test_id("merchants").get_by_role("button", name=shop["name"]).click()
    phone.page.get_by_test_id("goods").locator("button.add").first.click()
    phone.choose_point()
    order = phone.place()

    expect(city.page.get_by_test_id("orders-today")).to_have_text(str(before + 1), timeout=SOON_MS)
    expect(console.card(order)).to_be_visible(timeout=SOON_MS)
    assert console.column_of(order) in ON_THE_WAY
    card = tablet.locator(f'[data-order="{order}"]')
    expect(card).to_have_attribute("data-state", "created", timeout=SOON_MS)
    card.get_by_role("button", name="接单").click()
    expect(card).not_to_have_attribute("data-state", "created", timeout=SOON_MS)
    load_at_the_shop(tablet, card)

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
    expect(phone.page.get_by_test_id("tries")).to_contain_text("4", timeout=SOON_MS)  # read anew meanwhile
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


@pytest.mark.thorough  # half a minute of the way that the journey above goes too
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
