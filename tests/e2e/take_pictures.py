"""``make pictures``: every surface of a running demo for docs/surfaces.md, zh and light, en and dark.

The city wall is dark in both. Pictures are JPEG, because forty of a map are too large as PNG to be kept.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect, sync_playwright

from tests.e2e.demo_city import ROOT, DemoCity, running_demo
from tests.e2e.pages import CITY, CONSOLE, PHONE, SOON_MS, ConsolePage, PhonePage, StaffPage

FOLDER: Final = ROOT / "docs" / "pictures" / "surfaces"
PAGE: Final = ROOT / "docs" / "surfaces.md"
LOOKS: Final = (("light", "zh"), ("dark", "en"))
QUALITY: Final = 62
LIVES_MS: Final = 60_000
"""Ten minutes of the demo's city: vehicles drive, orders are under way."""
DRAWN_MS: Final = 6_000
TABLET: Final[ViewportSize] = {"width": 1024, "height": 768}
STAFF: Final[dict[str, tuple[str, str, str]]] = {
    "city": ("city", "city", ""),
    "city-district": ("city", "city", "d=KB"),
    "console": ("lead", "console", ""),
    "console-orders": ("lead", "console", "view=orders"),
    "console-alarms": ("lead", "console", "list=alarms"),
    "console-money": ("lead", "console", "view=money&part=statements"),
    "console-vending": ("lead", "console", "view=vending"),
    "console-notices": ("lead", "console", "view=notices"),
    "console-site": ("lead", "console", "view=site"),
    "planning-calendar": ("lead", "planning", "view=calendar"),
    "planning-dispatch": ("lead", "planning", "view=dispatch"),
    "planning-sweeping": ("lead", "planning", "view=sweeping"),
    "patrol": ("lead", "patrol", ""),
    "fences": ("lead", "fences", "kind=no_go"),
    "records-replay": ("lead", "records", ""),
    "records-violations": ("lead", "records", "view=violations"),
    "records-quality": ("lead", "records", "view=quality"),
}
"""Surface → who looks, the page, what stands in its address."""


class Camera:
    """Opens pages in one look and keeps what they show."""

    def __init__(self, browser: Browser, demo: DemoCity, scheme: str, lang: str) -> None:
        self._browser = browser
        self._demo = demo
        self._scheme, self._lang = scheme, lang

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
        expect(page.locator(".spin")).to_have_count(0, timeout=SOON_MS)
        page.wait_for_timeout(DRAWN_MS)
        file = FOLDER / f"{name}-{self._lang}.jpg"
        page.screenshot(path=file, type="jpeg", quality=QUALITY)
        sys.stderr.write(f"{file.relative_to(ROOT)}\n")

    def staff(self, states: dict[str, StorageState]) -> None:
        """Keep every surface of staff."""
        for name, (who, path, query) in STAFF.items():
            page = self.open(CITY if path == "city" else CONSOLE, states[who])
            page.goto(f"{self._demo.url}/{path}?{query}")
            if name == "console":
                ConsolePage(page, self._demo).rows.first.click()
            self.keep(page, name)
            page.context.close()

    def phone(self, number: str) -> None:
        """Keep the way of a resident from her log-in to her order."""
        phone = PhonePage(self.open(PHONE), self._demo)
        phone.visit()
        self.keep(phone.page, "phone-login")
        phone.log_in(number)
        self.keep(phone.page, "phone-home")
        phone.choose_goods()
        phone.choose_point()
        phone.place()
        self.keep(phone.page, "phone-order")
        phone.visit("?v=1")
        self.keep(phone.page, "phone-vending")
        phone.page.goto(f"{self._demo.url}/privacy")
        self.keep(phone.page, "privacy")
        phone.page.context.close()

    def others(self, crew: StorageState) -> None:
        """Keep the pages of a merchant, of the crew and of somebody on the street."""
        merchant = self.open(TABLET)
        merchant.goto(f"{self._demo.url}/merchant")
        token = json.loads((self._demo.folder / "issued.json").read_text())["merchants"][0]["token"]
        merchant.locator("input[name=token]").fill(token)
        merchant.locator("button[type=submit]").click()
        self.keep(merchant, "merchant")
        merchant.context.close()
        for name, path, state in (("crew", "crew", crew), ("scan", "scan/EDS-KB-D-0001-O", None)):
            page = self.open(PHONE, state)
            page.goto(f"{self._demo.url}/{path}")
            self.keep(page, name)
            page.context.close()


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
    """Return docs/surfaces.md out of the pictures that there are."""
    yield "<!-- Written by `make pictures`. -->\n"
    yield "# Surfaces\n"
    yield (
        "Every surface of the running demo: in Chinese and light, in English and dark (the wall is dark in\n"
        "both). Vehicles, people and roads are synthetic and say so on the screen.\n"
    )
    for name in sorted({file.stem.rpartition("-")[0] for file in FOLDER.glob("*.jpg")}):
        yield f"## {name}\n"
        yield f"| ![{name}](pictures/surfaces/{name}-zh.jpg) | ![{name}](pictures/surfaces/{name}-en.jpg) |"
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
        browser.new_page().wait_for_timeout(LIVES_MS)
        for turn, (scheme, lang) in enumerate(LOOKS):
            camera = Camera(browser, demo, scheme, lang)
            camera.staff(states)
            camera.others(states["crew"])
            camera.phone(f"1390013800{turn}")
        browser.close()
    PAGE.write_text("\n".join(listing()).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
