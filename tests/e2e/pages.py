"""The three pages as a person uses them: what is pressed and what is read, by name."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyotp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.e2e.demo_city import DemoCity

CITY: ViewportSize = {"width": 1920, "height": 1080}
CONSOLE: ViewportSize = {"width": 1440, "height": 900}
TABLET: ViewportSize = {"width": 1024, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}

type OpenPage = Callable[..., Page]
"""(size, session of a logged-in account, script to run first) → a page in a fresh context."""

ARRIVES_WITHIN_MS = 360_000
"""Half an hour of city time at 10×, and as much again for a busy machine."""
SOON_MS = 60_000
SEALED_WITHIN_MS = 300_000
"""At 10x: a window is over after 4 s, the vehicle is awaited for 30 s, the archiver for 20 s; times five."""
PICTURES = Path(__file__).parents[2] / "test-results"
TOTP_STEP_MS = 30_000
LOG_INS_MOST = 4
LOOK_MS = 250
TABS_MOST = 240
TABS_AT_ONCE = 20
FRAMES = 2
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
ON_THE_WAY = ("created", "accepted", "pickup", "in_transit", "arrived")


def violations(page: Page, within: str | None = None) -> list[str]:
    """Return what axe finds on a page as it stands, or in what a selector names of it, one line each."""
    found: Sequence[Mapping[str, object]] = (
        Axe().run(page, context=within, options={"runOnly": list(WCAG)}).response["violations"]
    )
    return [f"{one['id']}: {one['help']} {one['nodes']}" for one in found]


def out_of_reach(page: Page) -> list[str]:
    """Return what may be pressed or filled in and is never come to by Tab, from wherever the focus stands."""
    left: list[str] = page.evaluate(_OFFERED)
    for _ in range(TABS_MOST // TABS_AT_ONCE):
        for _ in range(TABS_AT_ONCE):
            page.keyboard.press("Tab")
        left = page.evaluate("() => [...window.offered].map((one) => one.outerHTML.slice(0, 120))")
        if not left:
            break
    return left


class Sighting:
    """Whether something was ever on a page, however short: what an api shows that is back within a second."""

    def __init__(self, page: Page, test_id: str) -> None:
        """Look from now on."""
        self._page = page
        self._test_id = test_id
        page.evaluate(_LOOK, test_id)

    def expect(self, *, within_ms: float) -> None:
        """Wait until it has been there."""
        until_s = time.monotonic() + within_ms / 1000
        while not self._page.evaluate("id => window.sighted.has(id)", self._test_id):
            assert time.monotonic() < until_s, f"{self._test_id} was never seen"
            self._page.wait_for_timeout(100)


_OFFERED = """() => {
  const within = document.querySelector("dialog[open]") ?? document;
  const kinds = "a[href], button, input, select, textarea, summary, canvas[tabindex='0']";
  // Tab comes to the chosen one of radio buttons; arrows go on from there
  const isOne = (one) => one.type !== "radio" || one.checked;
  const isOffered = (one) => !one.disabled && one.checkVisibility() && one.tabIndex >= 0 && isOne(one);
  window.offered = new Set([...within.querySelectorAll(kinds)].filter(isOffered));
  document.addEventListener("focusin", (event) => window.offered.delete(event.target));
  return [];
}"""

_LOOK = """id => {
  window.sighted ??= new Set();
  const look = () => document.querySelector(`[data-testid="${id}"]`) && window.sighted.add(id);
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
}"""


class StaffPage:
    """What city and console have in common."""

    path = ""

    def __init__(self, page: Page, demo: DemoCity) -> None:
        self.page = page
        self.demo = demo

    def visit(self, query: str = "") -> None:
        """Open the page; the session of its context decides what it shows."""
        self.page.goto(f"{self.demo.url}/{self.path}{query}")

    def log_in(self, username: str, *, password: str | None = None) -> None:
        """Fill in the three fields and send them."""
        account = self.demo.account(username)
        self.page.locator("input[name=username]").fill(username)
        self.page.locator("input[name=password]").fill(password or account["password"])
        self.page.locator("input[name=totp]").fill(pyotp.TOTP(account["totpSecret"]).now())
        self.page.locator("button[type=submit]").click()

    def log_in_patiently(self, username: str) -> None:
        """Log in as somebody does on a slow machine: refused or kept waiting, with the next code again.

        A code is good for one log-in and half a minute.
        """
        form = self.page.locator("input[name=totp]")
        for _ in range(LOG_INS_MOST):
            self.log_in(username)
            try:
                expect(form).to_have_count(0, timeout=TOTP_STEP_MS)
            except AssertionError:
                if form.count() > 0:
                    continue
            return
        raise AssertionError(f"{username} could not log in: {self.page.inner_text('body')}")

    @property
    def refusal(self) -> Locator:
        """What the log-in says when it refuses."""
        return self.page.get_by_role("alert")

    @property
    def forbidden(self) -> Locator:
        """What stands where the page would, for a role that may not see it."""
        return self.page.get_by_test_id("forbidden")

    @property
    def age(self) -> Locator:
        """How old the data is; its ``data-state`` is fresh, amber or none."""
        return self.page.get_by_test_id("age")


class CityPage(StaffPage):
    """The city live map."""

    path = "city"

    def orders_today(self) -> int:
        """Return the number of today's orders."""
        return int(self.page.get_by_test_id("orders-today").inner_text().replace(",", ""))

    @property
    def online(self) -> Locator:
        """The one big number."""
        return self.page.get_by_test_id("online")

    @property
    def districts(self) -> Locator:
        """The rows of the nine 旗区."""
        return self.page.locator("tbody tr")

    def expect_map_drawn(self) -> None:
        """Wait until the vehicles were drawn a few times; ``map.idle`` never fires under a living layer."""
        for _ in range(SOON_MS // LOOK_MS):
            if self.page.evaluate("window.steppeMap?.frames() ?? 0") > FRAMES:
                return
            self.page.wait_for_timeout(LOOK_MS)
        raise AssertionError("the vehicles were not drawn")


class ConsolePage(StaffPage):
    """The park operator console."""

    path = "console"

    @property
    def rows(self) -> Locator:
        """The vehicles of the list that are in view."""
        return self.page.locator("[role=option]")

    def open_orders(self) -> None:
        """Go to the order board."""
        self.page.get_by_role("button", name=re.compile("订单看板|Orders")).click()
        expect(self.page.get_by_test_id("board")).to_be_visible(timeout=SOON_MS)

    def card(self, order_id: str) -> Locator:
        """The card of an order, in whatever column."""
        return self.page.locator(f'[data-order="{order_id}"]')

    def column_of(self, order_id: str) -> str | None:
        """Return the column that an order stands in."""
        return self.page.locator("[data-column]", has=self.card(order_id)).get_attribute("data-column")

    def open_order(self, order_id: str) -> Locator:
        """Open an order's drawer and return it."""
        self.card(order_id).click()
        drawer = self.page.get_by_test_id("order-drawer")
        expect(drawer.get_by_test_id("order-state")).to_be_visible(timeout=SOON_MS)
        return drawer

    def open_vehicle(self, code: str) -> Locator:
        """Search a vehicle by its code, open its drawer and return it."""
        self.page.get_by_role("button", name=re.compile("实时运行|Live map")).click()
        self.page.keyboard.press("/")
        search = self.page.get_by_role("searchbox")
        search.fill(code)
        expect(self.rows).to_have_count(1, timeout=SOON_MS)
        self.rows.first.click()
        drawer = self.page.get_by_test_id("drawer")
        expect(drawer.locator("details")).to_be_visible(timeout=SOON_MS)
        return drawer

    def command(self, kind: str, reason: str) -> Locator:
        """Give a command with a reason; return the ladder that shows how far it has come."""
        self.page.get_by_test_id(f"command-{kind}").click()
        self.page.locator("textarea[name=reason]").fill(reason)
        self.page.locator("dialog button[type=submit]").click()
        return self.page.locator("dialog").get_by_test_id("ladder")


class RecordsPage(StaffPage):
    """Replay, violations, incidents, data quality."""

    path = "records"

    def open_case(self, code: str, state: str = "") -> None:
        """Open the newest incident of a vehicle, of those in a state if one is named."""
        self.visit(f"?view=incidents{f'&state={state}' if state else ''}")
        row = self.page.get_by_test_id("incidents").locator("tr", has_text=code).first
        row.get_by_role("button", name="办理与证据").click(timeout=SEALED_WITHIN_MS)
        expect(self.page.get_by_test_id("case")).to_be_visible(timeout=SOON_MS)

    def take_step(self, step: str, why: str, **choices: str) -> None:
        """Take a step of the case that is open; ``choices`` by the label of their field."""
        self.page.get_by_test_id(f"step-{step}").click(timeout=SOON_MS)
        form = self.page.get_by_test_id("step-form")
        for label, choice in choices.items():
            form.get_by_label(label).select_option(label=choice)
        form.locator("textarea[name=why]").fill(why)
        form.locator("button[type=submit]").click()
        expect(form).to_have_count(0, timeout=SOON_MS)

    def picture(self, name: str) -> None:
        """Keep what is shown."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


class PhonePage:
    """The resident's page."""

    def __init__(self, page: Page, demo: DemoCity) -> None:
        self.page = page
        self.demo = demo

    def visit(self, rest: str = "") -> None:
        """Open the page."""
        self.page.goto(f"{self.demo.url}/phone{rest}")

    def log_in(self, phone: str) -> None:
        """Log in with the code that the demo's phone shows."""
        self.page.locator("input[name=phone]").fill(phone)
        self.page.locator("button[type=submit]").click()
        message = self.page.get_by_test_id("demo-sms")
        expect(message).to_be_visible(timeout=SOON_MS)
        code = re.search(r"\d{6}", message.inner_text())
        assert code is not None, message.inner_text()
        self.page.locator("input[name=code]").fill(code[0])
        merchants, first = self.page.get_by_test_id("merchants"), self.page.get_by_test_id("first-use")
        expect(merchants.or_(first)).to_be_visible(timeout=SOON_MS)
        if first.is_visible():
            first.get_by_role("button").click()
        expect(merchants).to_be_visible(timeout=SOON_MS)

    def call_vending(self) -> Locator:
        """Call a vending vehicle, as somebody does whose last one has left; return the ticket of the call."""
        self.visit("?v=1")
        call, ticket = self.page.get_by_test_id("call"), self.page.get_by_test_id("call-ticket")
        expect(call.or_(ticket)).to_be_visible(timeout=SOON_MS)
        if call.is_visible():
            call.click()
        expect(ticket).to_be_visible(timeout=SOON_MS)
        return ticket

    def choose_goods(self) -> None:
        """Take one piece of the first thing that an open merchant has."""
        self.page.get_by_test_id("merchants").locator("button:not(.closed)").first.click()
        self.page.get_by_test_id("goods").locator("button.add").first.click()

    def choose_point(self, number: int = 0) -> None:
        """Go on to the pickup points and take one."""
        self.page.locator(".bar .btn").click()
        self.page.get_by_test_id("points").locator("button").nth(number).click()
        expect(self.page.get_by_test_id("promise").locator("b")).to_be_visible(timeout=SOON_MS)

    def place(self) -> str:
        """Place the order that stands on the page; return its id."""
        self.page.get_by_test_id("place").click()
        expect(self.track).to_be_visible(timeout=SOON_MS)
        found = re.search(r"[?&]order=([0-9a-f-]+)", self.page.url)
        assert found is not None, self.page.url
        return found[1]

    @property
    def track(self) -> Locator:
        """The head of a followed order; its ``data-state`` is the order's state."""
        return self.page.get_by_test_id("track")

    def expect_state(self, state: str, *, within_ms: int = ARRIVES_WITHIN_MS) -> None:
        """Wait until the page says that the order has come to a state."""
        expect(self.track).to_have_attribute("data-state", state, timeout=within_ms)

    def expect_kept_without_a_network(self) -> None:
        """Open the page anew without a network: order and code are as they were, and alive again with it."""
        self.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        context = self.page.context
        context.set_offline(True)
        self.page.reload()
        expect(self.page.get_by_test_id("kept")).to_be_visible(timeout=SOON_MS)
        expect(self.track).to_be_visible()
        expect(self.page.get_by_test_id("code")).to_be_visible()
        assert violations(self.page) == []
        context.set_offline(False)
        expect(self.page.get_by_test_id("kept")).to_have_count(0, timeout=SOON_MS)

    def code(self) -> str:
        """Return the six digits shown."""
        digits = self.page.get_by_test_id("code")
        expect(digits).to_be_visible(timeout=SOON_MS)
        return re.sub(r"\D", "", digits.inner_text())

    def open_door(self, typed: str | None = None) -> None:
        """Press open, type a code when one is given, and confirm."""
        self.page.get_by_test_id("open").click()
        dialog = self.page.locator("dialog[open]")
        if typed is not None:
            dialog.locator("summary").click()
            dialog.locator("input[name=pickup-code]").fill(typed)
        dialog.get_by_test_id("open-yes").click()

    def cancel(self) -> None:
        """Call the order off and confirm."""
        self.page.get_by_test_id("cancel").click()
        self.page.get_by_test_id("cancel-yes").click()
