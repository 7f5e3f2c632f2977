"""``make pictures``: every surface of a running demo for docs/surfaces.md, zh and light, en and dark.

The city wall is dark in both, the phone page light. Pictures are JPEG, because sixty of them are too large as
PNG to be kept.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect, sync_playwright

from tests.e2e.demo_city import ROOT, DemoCity, running_demo
from tests.e2e.pages import CITY, CONSOLE, PHONE, SOON_MS, PhonePage, StaffPage

FOLDER: Final = ROOT / "docs" / "pictures" / "surfaces"
PAGE: Final = ROOT / "docs" / "surfaces.md"
LOOKS: Final = (("light", "zh"), ("dark", "en"))
"""Scheme and language; dates in fields are written by the browser, whose own language stays."""
QUALITY: Final = 62
LIVES_MS: Final = 75_000
"""Twelve minutes of the demo's city: vehicles drive, orders are under way, a broken rule is a violation."""
DRAWN_MS: Final = 3_500
STILL_MS: Final = 1_000
"""How long a page with a map takes to be drawn, and one without."""
UNREADY: Final = ".spin, [data-testid=map][data-state=loading], [data-testid=age]:not([data-state=fresh])"
"""What a page has that is still asked for, or has not heard of its vehicles yet."""
MAP: Final = "canvas, .map, [data-testid$=map]"
TABLET: Final[ViewportSize] = {"width": 1024, "height": 768}
CODE: Final = "EDS-KB-D-0001-O"


class Surface(NamedTuple):
    """What a picture shows, who looks at it, its page, what stands in the address, what is pressed there."""

    title: str
    who: str
    path: str
    query: str = ""
    press: tuple[str, ...] = ()


STAFF: Final[dict[str, Surface]] = {
    "city": Surface("City live map", "city", "city"),
    "city-district": Surface("City live map, one 旗区", "city", "city", "d=KB"),
    "console": Surface("Park console", "lead", "console", press=("[role=option]",)),
    "console-alarms": Surface("Alarms", "lead", "console", "list=alarms", ("li[id^=alarm-] button",)),
    "console-street": Surface("What people on the street say", "lead", "console", "list=feedback"),
    "console-orders": Surface("Orders", "lead", "console", "view=orders", ("[data-order]",)),
    "console-hotline": Surface("Orders by telephone", "lead", "console", "view=hotline"),
    "console-money": Surface("Money", "lead", "console", "view=money&part=dues"),
    "console-vending": Surface("Vending", "lead", "console", "view=vending"),
    "console-notices": Surface("Notices", "lead", "console", "view=notices"),
    "console-site": Surface("Weather, chargers, checks", "lead", "console", "view=site"),
    "planning-calendar": Surface("Schedules", "lead", "planning", "view=calendar"),
    "planning-dispatch": Surface("Dispatch", "lead", "planning", "view=dispatch"),
    "planning-sweeping": Surface("Sweeping", "lead", "planning", "view=sweeping"),
    "patrol": Surface("Patrol", "lead", "patrol", press=("[data-testid=beats] li:last-child button",)),
    "fences": Surface("Geofences", "lead", "fences", "kind=no_go"),
    "fences-version": Surface("A geofence's version", "lead", "fences", "d=KB", ("[data-fence]",)),
    "records-replay": Surface("Replay", "lead", "records", "v=KB-D-0001"),
    "records-violations": Surface("Violations", "city", "records", "view=violations"),
    "records-violation": Surface(
        "A violation's case", "city", "records", "view=violations", ("[data-testid=violations] tbody button",)
    ),
    "records-incident": Surface(
        "An accident's case", "lead", "records", "view=incidents", ("[data-testid=incidents] tbody button",)
    ),
    "records-report": Surface(
        "Report an accident", "lead", "records", "view=incidents", ("[data-testid=report]",)
    ),
    "records-quality": Surface("Data quality", "city", "records", "view=quality"),
}
OTHERS: Final = {
    "merchant": "Merchant desk",
    "crew": "Field crew's phone",
    "scan": "The code on a vehicle",
    "phone-login": "Resident's phone: log-in",
    "phone-home": "Resident's phone: merchants",
    "phone-order": "Resident's phone: an order",
    "phone-vending": "Resident's phone: vending vehicles",
    "privacy": "A resident's own data",
}
TITLES: Final = {name: one.title for name, one in STAFF.items()} | OTHERS
STIR: Final = """async (named) => {
  const ask = async (path, body) => {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
    const how = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(path, how);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const found = (await ask("/api/vehicles?service=sweeping&condition=idle&limit=50")).items;
  const { vehicleNo, district, operator } = found.find((one) => one.district === "KB");
  const { code, lat, lng } = await ask(`/api/vehicles/${vehicleNo}`);
  const sides = [[-4, -4], [4, -4], [4, 4], [-4, 4], [-4, -4]];
  const ring = sides.map(([x, y]) => [lng + x * 1e-4, lat + y * 1e-4]);
  const fence = await ask("/api/fences", {
    ...named, kind: "no_go", district, operator, services: ["sweeping"], source: "demo", accuracyM: 1,
    geometry: { type: "Polygon", coordinates: [ring] },
  });
  await ask(`/api/fences/${fence.fenceId}/versions/1/preview`, {});
  await ask(`/api/fences/${fence.fenceId}/versions/1/publish`, {});
  await ask("/api/work-orders", { vehicleNo, kind: "repair", cause: named.nameZh, lat, lng });
  const happenedAt = new Date((await ask("/api/config")).cityTimeMs - 60000).toISOString();
  const description = named.nameZh;
  await ask("/api/incidents", { vehicleNo, incidentType: "collision", happenedAt, description });
  return code;
}"""
"""A closed place about a vehicle standing there: an alarm, a violation; a job for the crew; an accident."""


class Camera:
    """Opens pages in one look and keeps what they show."""

    def __init__(self, browser: Browser, demo: DemoCity, look: tuple[str, str]) -> None:
        self._browser = browser
        self._demo = demo
        self._scheme, self._lang = look

    def open(self, size: ViewportSize, state: StorageState | None = None) -> Page:
        """Return a page in a fresh context of this look."""
        context = self._browser.new_context(
            viewport=size, locale="zh-CN", reduced_motion="reduce", storage_state=state
        )
        context.set_default_timeout(SOON_MS)
        choose = f"localStorage.setItem('steppe.scheme', '{self._scheme}');"
        context.add_init_script(f"{choose} localStorage.setItem('steppe.lang', '{self._lang}')")
        return context.new_page()

    def keep(self, page: Page, name: str) -> None:
        """Keep what a page shows when it stands still."""
        page.wait_for_timeout(STILL_MS)
        expect(page.locator(UNREADY)).to_have_count(0, timeout=SOON_MS)
        page.wait_for_timeout(DRAWN_MS if page.locator(MAP).count() else STILL_MS)
        file = FOLDER / f"{name}-{self._lang}.jpg"
        page.screenshot(path=file, type="jpeg", quality=QUALITY)
        sys.stderr.write(f"{file.relative_to(ROOT)}\n")

    def staff(self, states: dict[str, StorageState]) -> None:
        """Keep every surface of staff."""
        for name, one in STAFF.items():
            page = self.open(CITY if one.path == "city" else CONSOLE, states[one.who])
            page.goto(f"{self._demo.url}/{one.path}?{one.query}")
            for what in one.press:
                page.locator(what).first.click()
            self.keep(page, name)
            page.context.close()

    def phone(self, number: str) -> str:
        """Keep the way of a resident from her log-in to her order; return the merchant's name."""
        phone = PhonePage(self.open(PHONE), self._demo)
        phone.visit()
        self.keep(phone.page, "phone-login")
        phone.log_in(number)
        self.keep(phone.page, "phone-home")
        name = phone.page.get_by_test_id("merchants").locator("button:not(.closed) b").first.inner_text()
        phone.choose_goods()
        phone.choose_point()
        phone.place()
        self.keep(phone.page, "phone-order")
        phone.visit("?v=1")
        self.keep(phone.page, "phone-vending")
        phone.page.goto(f"{self._demo.url}/privacy")
        self.keep(phone.page, "privacy")
        phone.page.context.close()
        return name

    def others(self, crew: StorageState, shop: str) -> None:
        """Keep the pages of a merchant, of the crew and of somebody on the street."""
        merchant = self.open(TABLET)
        merchant.goto(f"{self._demo.url}/merchant")
        choice = merchant.locator("select[name=shop]")
        expect(choice).to_be_visible(timeout=SOON_MS)
        choice.select_option(
            label=next(one for one in choice.locator("option").all_inner_texts() if shop in one)
        )
        merchant.locator("button[type=submit]").click()
        self.keep(merchant, "merchant")
        merchant.context.close()
        for name, path, state in (("crew", "crew", crew), ("scan", f"scan/{CODE}", None)):
            page = self.open(PHONE, state)
            page.goto(f"{self._demo.url}/{path}")
            self.keep(page, name)
            page.context.close()

    def stir(self, lead: StorageState) -> None:
        """Let something happen that a quiet morning has none of."""
        console = self.open(CONSOLE, lead)
        console.goto(f"{self._demo.url}/fences")
        expect(console.locator("[data-fence]").first).to_be_visible(timeout=SOON_MS)
        named = {"fenceId": "demo-roadworks", "nameZh": "示例施工区", "nameEn": "Sample roadworks"}
        console.evaluate(STIR, named)
        console.context.close()
        street = self.open(PHONE)
        street.goto(f"{self._demo.url}/scan/{CODE}")
        street.get_by_role("radio").first.click()
        street.locator("[data-testid=report] .primary").click()
        expect(street.get_by_test_id("said")).to_be_visible(timeout=SOON_MS)
        street.context.close()


def logged_in(browser: Browser, demo: DemoCity) -> dict[str, StorageState]:
    """Return the sessions of everybody who looks."""
    states = {}
    for who, path in (("city", "city"), ("lead", "console"), ("crew", "crew")):
        context = browser.new_context(viewport=CONSOLE)
        page = StaffPage(context.new_page(), demo)
        page.path = path
        page.visit()
        page.log_in_patiently(who)
        states[who] = context.storage_state()
        context.close()
    return states


def listing() -> Iterator[str]:
    """Return docs/surfaces.md."""
    yield "<!-- Written by `make pictures`. -->\n"
    yield "# Surfaces\n"
    yield (
        "Every surface of the running demo: in Chinese and light, in English and dark (the city's wall is\n"
        "dark in both, the resident's phone light). Vehicles, people and roads are synthetic and say so on\n"
        "the screen.\n"
    )
    for name, title in TITLES.items():
        yield f"## {title}\n"
        yield f"| ![{title}](pictures/surfaces/{name}-zh.jpg) | ![{title}](pictures/surfaces/{name}-en.jpg) |"
        yield "|---|---|\n"


def main() -> int:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="steppe-pictures-") as name,
        running_demo(Path(name) / "city") as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        states = logged_in(browser, demo)
        cameras = [Camera(browser, demo, look) for look in LOOKS]
        cameras[0].stir(states["lead"])
        browser.new_page().wait_for_timeout(LIVES_MS)
        shop = ""
        for turn, camera in enumerate(cameras):
            ordered_at = camera.phone(f"1390013800{turn}")
            # in the first language, in which the demo lists its shops
            shop = shop or ordered_at
            camera.others(states["crew"], shop)
            camera.staff(states)
        browser.close()
    for file in FOLDER.glob("*.jpg"):
        if file.stem.rpartition("-")[0] not in TITLES:
            file.unlink()
    PAGE.write_text("\n".join(listing()).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
