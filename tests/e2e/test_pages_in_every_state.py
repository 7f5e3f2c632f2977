"""States that come and go: no network, slow answers, an empty search, English, large text, the keyboard."""

import gzip
import re

import pytest
from playwright.sync_api import Response, Route, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.pages import SOON_MS, CityPage, ConsolePage, PhonePage, Sighting, violations

pytestmark = pytest.mark.needs_browser
PHONE_SCRIPT_BYTES = 30_000
"""gzip; ux.md asks for first useful content after about 20 kB, the framework's share grew since."""


def test_city_map_lives_and_is_readable_by_assistive_technology(city: CityPage) -> None:
    city.visit()
    expect(city.districts).to_have_count(9, timeout=SOON_MS)
    expect(city.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    city.expect_map_drawn()
    assert violations(city.page) == []


def test_chosen_district_stands_in_the_address_and_escape_lets_it_go(city: CityPage) -> None:
    city.visit()
    city.districts.get_by_role("button", name="康巴什区").click()
    expect(city.page).to_have_url(re.compile(r"[?&]d=KB"))
    city.page.reload()
    expect(city.districts.get_by_role("button", name="康巴什区")).to_have_attribute("aria-pressed", "true")
    city.page.keyboard.press("Escape")
    expect(city.page).not_to_have_url(re.compile(r"[?&]d="))


def test_console_is_worked_by_keyboard_and_is_clean(console: ConsolePage) -> None:
    console.visit()
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)
    console.page.keyboard.press("/")
    console.page.keyboard.type("KB-D-0001")
    expect(console.rows).to_have_count(1)
    console.page.keyboard.press("ArrowDown")
    console.page.keyboard.press("Enter")
    drawer = console.page.get_by_test_id("drawer")
    expect(drawer.locator("details")).to_be_visible(timeout=SOON_MS)
    expect(console.page).to_have_url(re.compile(r"[?&]v=EDS-KB-D-0001-"))
    assert violations(console.page) == []
    console.page.keyboard.press("Escape")
    console.page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    console.page.keyboard.press("?")
    expect(console.page.locator("dialog[open]")).to_be_visible()
    assert violations(console.page) == []


def test_a_vehicle_a_view_and_a_setting_are_found_by_a_few_letters(console: ConsolePage) -> None:
    console.visit()
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)
    page = console.page
    field = page.get_by_role("combobox", name="车辆编码、告警、订单号、商户、视图或设置")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("d-0001 kb")
    found = page.get_by_role("option", name=re.compile(r"^EDS-KB-D-0001-"))
    expect(found).to_have_attribute("aria-selected", "true")
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "console-palette.png")
    page.keyboard.press("Enter")
    expect(field).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]v=EDS-KB-D-0001-"))
    page.keyboard.press("Control+k")
    page.keyboard.type("订单")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]view=orders"))
    page.keyboard.press("Control+k")
    page.keyboard.type("nobody has this")
    expect(page.get_by_text("没有相符的内容")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)


def test_search_that_finds_nothing_says_so_and_can_be_cleared(console: ConsolePage) -> None:
    console.visit("?q=NOBODY")
    expect(console.page.get_by_text("没有符合条件的车辆")).to_be_visible(timeout=SOON_MS)
    console.page.get_by_role("button", name="清除筛选").click()
    expect(console.rows.first).to_be_visible()


def test_stop_needs_a_reason_is_followed_to_its_end_and_released(console: ConsolePage) -> None:
    console.visit()
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)
    console.open_vehicle("KB-V-0001")
    console.page.get_by_test_id("command-safe_stop").click()
    console.page.locator("dialog button[type=submit]").click()
    expect(console.page.locator("#reason-missing")).to_contain_text("请写明原因")
    assert violations(console.page) == []
    console.page.keyboard.press("Escape")

    ladder = console.command("safe_stop", "演练")
    expect(ladder).to_have_attribute("data-state", "succeeded", timeout=SOON_MS)
    console.page.keyboard.press("Escape")
    expect(console.page.get_by_test_id("command-release")).to_be_enabled(timeout=SOON_MS)
    ladder = console.command("release", "演练结束")
    expect(ladder).to_have_attribute("data-state", "succeeded", timeout=SOON_MS)


def test_console_without_network_says_so_and_gives_no_commands(console: ConsolePage) -> None:
    console.visit()
    expect(console.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    console.open_vehicle("KB-V-0002")
    console.page.context.set_offline(True)
    console.page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(console.page.get_by_test_id("link-banner")).to_be_visible(timeout=SOON_MS)
    expect(console.age).to_have_attribute("data-state", "amber", timeout=SOON_MS)
    expect(console.page.get_by_test_id("command-safe_stop")).to_be_disabled(timeout=SOON_MS)
    assert violations(console.page) == []
    console.page.context.set_offline(False)
    expect(console.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    expect(console.page.get_by_test_id("command-safe_stop")).to_be_enabled(timeout=SOON_MS)


@pytest.mark.thorough  # a minute; a network that is away is tried above
def test_pages_come_back_by_themselves_after_the_api_was_killed(
    console: ConsolePage, city: CityPage, phone: PhonePage, number: str
) -> None:
    city.visit()
    expect(city.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    console.visit()
    expect(console.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    phone.visit()
    phone.log_in(number)
    phone.choose_goods()
    phone.choose_point()
    phone.place()

    banners = [
        Sighting(console.page, "link-banner"),
        Sighting(city.page, "link-banner"),
        Sighting(phone.page, "lost"),
    ]
    console.demo.kill("api")
    for banner in banners:
        banner.expect(within_ms=SOON_MS)
    for page in (console, city):
        expect(page.page.get_by_test_id("link-banner")).to_have_count(0, timeout=SOON_MS)
        expect(page.age).to_have_attribute("data-state", "fresh", timeout=SOON_MS)
    expect(phone.page.get_by_test_id("lost")).to_have_count(0, timeout=SOON_MS)
    # an order that is on its way by now can still be shared, and not cancelled any more
    phone.page.get_by_test_id("share").click()
    expect(phone.page.get_by_test_id("share-url")).to_have_value(re.compile("#link="), timeout=SOON_MS)
    phone.page.get_by_role("dialog").get_by_role("button", name="关闭").click()
    # a phone has no Escape: what opens over the page is closed by a button in it
    phone.page.get_by_test_id("delegate").click()
    phone.page.get_by_test_id("delegate-close").click()
    expect(phone.page.get_by_role("dialog")).to_have_count(0)


def test_selected_vehicle_shows_where_it_came_from_at_once(console: ConsolePage) -> None:
    console.visit()
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)
    with console.page.expect_response(re.compile(r"/api/vehicles/\d+/trail"), timeout=SOON_MS) as answer:
        drawer = console.open_vehicle("KB-V-0001")
    assert len(answer.value.json()["points"]) > 1
    expect(drawer.get_by_role("img", name=re.compile("近 60 秒车速"))).to_be_visible(timeout=SOON_MS)


def test_answer_that_does_not_come_is_said_to_be_slow_and_one_that_fails_can_be_asked_again(
    console: ConsolePage,
) -> None:
    held: list[Route] = []
    console.page.route(re.compile(r"/api/vehicles\?"), lambda route: held.append(route))
    console.visit()
    expect(console.page.get_by_text("比平时慢")).to_be_visible(timeout=SOON_MS)
    for route in held:
        route.fulfill(status=503, content_type="application/problem+json", body='{"code":"database-busy"}')
    expect(console.page.get_by_role("alert")).to_contain_text("服务器暂时处理不了")
    console.page.unroute_all()
    console.page.get_by_role("button", name="重试").click()
    expect(console.rows.first).to_be_visible(timeout=SOON_MS)


def test_pages_speak_english_without_a_raw_key(
    city: CityPage, console: ConsolePage, phone: PhonePage
) -> None:
    for page in (city, console, phone):
        page.visit("?lang=en")
        expect(page.page.locator("html")).to_have_attribute("lang", "en", timeout=SOON_MS)
        expect(page.page.locator("h1, h2").first).to_be_visible(timeout=SOON_MS)
        text = page.page.locator("#app").inner_text()
        assert re.findall(r"\b[a-z]+_[a-z_]+\b", text) == []
        assert violations(page.page) == []


def test_large_text_fits_the_phone_and_is_remembered(phone: PhonePage) -> None:
    phone.visit()
    phone.page.get_by_role("button", name="放大文字").click()
    phone.page.reload()
    expect(phone.page.locator("html")).to_have_attribute("data-large", "1", timeout=SOON_MS)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    assert violations(phone.page) == []


def test_phone_is_useful_before_thirty_kilobytes_of_script(phone: PhonePage) -> None:
    scripts: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.endswith(".js"):
            scripts[response.url] = len(gzip.compress(response.body()))

    phone.page.on("response", weigh)
    phone.visit()
    expect(phone.page.locator("input[name=phone]")).to_be_visible(timeout=SOON_MS)
    phone.page.wait_for_load_state("networkidle")
    assert 0 < sum(scripts.values()) <= PHONE_SCRIPT_BYTES


def test_goods_that_do_not_go_together_are_refused_in_words_that_lead_back(
    phone: PhonePage, number: str
) -> None:
    """A restaurant's first two are a cold dish and a hot one, which share no compartment."""
    phone.visit()
    phone.log_in(number)
    phone.page.get_by_test_id("merchants").get_by_role("button", name=re.compile("餐馆")).first.click()
    for dish in range(2):
        phone.page.get_by_test_id("goods").locator("button.add").nth(dish).click()
    phone.page.locator(".bar .btn").click()
    phone.page.get_by_test_id("points").locator("button").first.click()
    refused = phone.page.get_by_test_id("promise").get_by_role("alert")
    expect(refused).to_contain_text("分两单", timeout=SOON_MS)
    expect(phone.page.get_by_test_id("place")).to_be_disabled()
    phone.page.get_by_role("button", name="修改商品").click()
    expect(phone.page.get_by_test_id("goods")).to_be_visible(timeout=SOON_MS)


def test_wrong_code_on_the_phone_is_refused_in_words(phone: PhonePage, number: str) -> None:
    phone.visit()
    phone.page.locator("input[name=phone]").fill(number)
    phone.page.locator("button[type=submit]").click()
    phone.page.locator("input[name=code]").fill("000000")
    expect(phone.page.get_by_role("alert")).to_contain_text("验证码不对", timeout=SOON_MS)
    assert violations(phone.page) == []
