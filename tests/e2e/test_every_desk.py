"""Every page at which somebody works a shift: readable by assistive technology, in both languages and
schemes, without a raw key and without a complaint on the browser's console."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, TABLET, OpenPage, violations

pytestmark = pytest.mark.needs_browser


LOOKS = (("light", "zh"), ("dark", "en"))
DESKS = {
    "console-vending": ("lead", "console", "view=vending"),
    "console-site": ("lead", "console", "view=site"),
    "console-money": ("lead", "console", "view=money"),
    "console-dues": ("lead", "console", "view=money&part=dues"),
    "console-notices": ("lead", "console", "view=notices"),
    "planning-calendar": ("lead", "planning", "view=calendar"),
    "planning-dispatch": ("lead", "planning", "view=dispatch"),
    "planning-sweeping": ("lead", "planning", "view=sweeping"),
    "planning-sweeping-new": ("lead", "planning", "view=sweeping&edit=new"),
    "patrol": ("lead", "patrol", ""),
    "fences": ("lead", "fences", "kind=slow_zone"),
    "crew": ("crew", "crew", ""),
}


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


def listened(page: Page, said: list[str]) -> Page:
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return page


def look_at(page: Page, address: str, name: str, looks: Sequence[tuple[str, str]] = LOOKS) -> None:
    for scheme, lang in looks:
        choose = f"localStorage.setItem('steppe.scheme', '{scheme}')"
        if len(looks) == 1:
            page.add_init_script(choose)
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
        if len(looks) > 1:
            page.evaluate(choose)
            page.reload()
        expect(page.locator("html")).to_have_attribute("data-scheme", scheme, timeout=SOON_MS)
        expect(page.get_by_role("main")).to_be_visible(timeout=SOON_MS)
        expect(page.locator(".spin")).to_have_count(0, timeout=SOON_MS)
        page.wait_for_timeout(1_500)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=Path(PICTURES) / f"desk-{name}-{scheme}-{lang}.png")
        text = " ".join(page.locator("nav, th, h1, h2, h3, button, .tag").all_inner_texts())
        assert re.findall(r"\b[a-z]+_[a-z_]+\b", text) == []
        assert violations(page) == []


SLOW_TO_READ = "planning-calendar"
"""axe takes a minute over its hundreds of slots."""


def looked_at() -> Iterator[Any]:
    """Each desk in one look, the looks in turn; the other one, and what is slow to read, are variations."""
    for number, desk in enumerate(DESKS):
        for turn, look in enumerate(LOOKS):
            is_tried = number % len(LOOKS) == turn and desk != SLOW_TO_READ
            marks = () if is_tried else (pytest.mark.thorough,)
            yield pytest.param(desk, look, marks=marks, id=f"{desk}-{'-'.join(look)}")


@pytest.mark.parametrize(("desk", "look"), list(looked_at()))
def test_a_desk_is_clean_in_its_language_and_scheme(
    open_page: OpenPage,
    demo: DemoCity,
    staff_state: Callable[[str], StorageState],
    complaints: list[str],
    desk: str,
    look: tuple[str, str],
) -> None:
    who, path, query = DESKS[desk]
    page = listened(open_page(CONSOLE, staff_state(who)), complaints)
    look_at(page, f"{demo.url}/{path}?{query}" if query else f"{demo.url}/{path}", desk, [look])


def test_a_merchants_page_is_clean_in_english_and_dark(
    open_page: OpenPage, demo: DemoCity, complaints: list[str]
) -> None:
    issued = json.loads((demo.folder / "issued.json").read_text())
    page = open_page(TABLET)
    page.goto(f"{demo.url}/merchant")
    page.locator("input[name=token]").fill(issued["merchants"][0]["token"])
    page.locator("button[type=submit]").click()
    expect(page.locator("input[name=token]")).to_have_count(0, timeout=SOON_MS)
    look_at(listened(page, complaints), f"{demo.url}/merchant", "merchant", LOOKS[1:])
