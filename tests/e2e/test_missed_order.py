"""Goods that nobody collects: a second try elsewhere, back to the shop, and the money back, in words."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, PHONE, PICTURES, SOON_MS, OpenPage, PhonePage, violations
from tests.e2e.test_every_desk import listened

pytestmark = pytest.mark.needs_browser

PHONE_NUMBER = "13600136000"
PAID_IN = "200.00"
BACK_WITHIN_MS = 600_000
"""An hour of city time at 10x: two waits of two minutes, three ways, and as much again."""


class Missed(NamedTuple):
    """An order paid beforehand whose recipient stays away."""

    order: str
    resident: StorageState


def set_waits(page: Page, first: str, second: str, why: str) -> None:
    """Set how long vehicles of Kangbashi wait for orders placed from now on; empty is the point's own."""
    form = page.get_by_test_id("waits")
    form.get_by_label("第一取件点").fill(first, timeout=SOON_MS)
    form.get_by_label("第二取件点").fill(second)
    form.get_by_label("原因").fill(why)
    form.get_by_role("button", name="保存等候时间").click()
    expect(form).to_contain_text(why, timeout=SOON_MS)


@pytest.fixture(scope="session")
def missed(browser: Browser, demo: DemoCity, staff_state: Callable[[str], StorageState]) -> Missed:
    """Somebody who paid in at the counter pays beforehand, while vehicles wait for two minutes only."""
    lead = browser.new_context(viewport=CONSOLE, locale="zh-CN", storage_state=staff_state("lead"))
    hers = browser.new_context(viewport=PHONE, locale="zh-CN", reduced_motion="reduce")
    phone = PhonePage(hers.new_page(), demo)
    phone.visit()
    phone.log_in(PHONE_NUMBER)
    counter = lead.new_page()
    counter.goto(f"{demo.url}/console?view=money")
    counter.locator("input[name=phone]").fill(PHONE_NUMBER, timeout=SOON_MS)
    counter.locator("input[name=amount]").fill(PAID_IN)
    counter.get_by_test_id("top-up").click()
    expect(counter.get_by_role("status").first).not_to_be_empty(timeout=SOON_MS)
    counter.goto(f"{demo.url}/planning?view=dispatch&zone=KB")
    set_waits(counter, "2", "2", "演练")
    phone.choose_goods()
    phone.choose_point(1)
    phone.page.get_by_role("radio", name="余额支付").check()
    order = phone.place()
    set_waits(counter, "", "5", "演练结束")
    found = Missed(order=order, resident=hers.storage_state())
    hers.close()
    lead.close()
    return found


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.mark.begins(1)
def test_who_pays_from_her_balance_sees_it_held_for_the_order(
    open_page: OpenPage, demo: DemoCity, missed: Missed, complaints: list[str]
) -> None:
    phone = PhonePage(listened(open_page(PHONE, missed.resident), complaints), demo)
    phone.visit("?b=1")
    expect(phone.page.get_by_test_id("lines")).to_contain_text(
        re.compile("订单.*−¥", re.DOTALL), timeout=SOON_MS
    )
    assert violations(phone.page) == []


@pytest.mark.ends
def test_what_nobody_collected_goes_back_and_its_recipient_reads_that_her_money_is_back(
    open_page: OpenPage, demo: DemoCity, missed: Missed, complaints: list[str]
) -> None:
    phone = PhonePage(listened(open_page(PHONE, missed.resident), complaints), demo)
    phone.visit(f"?order={missed.order}")
    phone.expect_state("returned", within_ms=BACK_WITHIN_MS)
    expect(phone.track).to_contain_text("包裹已退回商户")
    expect(phone.page.get_by_test_id("money-back")).to_have_text(re.compile(r"^¥\d+\.\d\d 已退回您的余额。$"))
    steps = phone.page.get_by_role("region", name="配送进度").locator("li")
    expect(steps.nth(-2)).to_contain_text("未取件")
    expect(steps.last).to_contain_text("已退回")
    assert violations(phone.page) == []
    PICTURES.mkdir(exist_ok=True)
    phone.page.screenshot(path=PICTURES / "phone-returned.png", full_page=True)
    phone.page.get_by_role("button", name="再来一单").click()
    expect(phone.page.get_by_test_id("goods").locator("b[aria-live]").first).to_be_visible(timeout=SOON_MS)
    phone.visit("")
    expect(phone.page.get_by_test_id("earlier")).to_contain_text("已退回", timeout=SOON_MS)
    phone.page.get_by_test_id("to-balance").click()
    expect(phone.page.get_by_test_id("balance")).to_have_text(f"¥{PAID_IN}", timeout=SOON_MS)
    counters = phone.page.get_by_test_id("service-points").get_by_role("listitem")
    expect(counters.first).to_contain_text("示例康巴什服务点")
    expect(phone.page.get_by_test_id("lines").locator("li").first).to_contain_text("订单退款")
    phone.page.screenshot(path=PICTURES / "phone-money-back.png", full_page=True)
