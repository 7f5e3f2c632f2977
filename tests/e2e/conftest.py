"""One demo city for all journeys; each page in a browser context of its own, at its own size."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect

from tests.e2e import pages
from tests.e2e.demo_city import DemoCity, running_demo
from tests.e2e.pages import (
    CITY,
    CONSOLE,
    PHONE,
    SOON_MS,
    CityPage,
    ConsolePage,
    OpenPage,
    PhonePage,
    RecordsPage,
)

PICTURES = pages.PICTURES

expect.set_options(timeout=SOON_MS)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium; SwiftShader draws the maps where there is no graphics card."""
    args = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    return {"executable_path": "/usr/bin/chromium", "args": args}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let somebody who writes tests use a demo that runs already, at --base-url."""
    parser.addoption("--demo-folder", type=Path, help="data folder of a running demo; give --base-url too")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try the large city first: it is gone again before the demo city of all the others takes its share.

    What takes minutes of its own is begun before the other journeys and looked at after them.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, int]:
    if "crowded" in getattr(item, "fixturenames", ()):
        return 0, 0
    begins = item.get_closest_marker("begins")
    if begins is not None:
        return 1, begins.args[0]
    return (3 if item.get_closest_marker("ends") else 2), 0


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCity]:
    """A city with nobody but its vehicles, merchants and remote operators: residents are played by tests."""
    folder: Path | None = request.config.getoption("--demo-folder")
    if folder is not None:
        yield DemoCity(url=request.config.getoption("--base-url"), folder=folder)
        return
    with running_demo(tmp_path_factory.mktemp("demo") / "city", "--no-residents") as city:
        yield city


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open pages in fresh contexts; what they show at the end of a failed test is kept as a picture."""
    contexts: list[BrowserContext] = []

    def open_one(viewport: ViewportSize, state: StorageState | None = None, script: str = "") -> Page:
        context = browser.new_context(
            viewport=viewport, locale="zh-CN", reduced_motion="reduce", storage_state=state
        )
        context.set_default_timeout(SOON_MS)
        if script:
            context.add_init_script(script)
        contexts.append(context)
        return context.new_page()

    failed_before = request.session.testsfailed
    yield open_one
    for number, context in enumerate(contexts):
        if request.session.testsfailed > failed_before:
            PICTURES.mkdir(exist_ok=True)
            for page in context.pages:
                page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png")
        context.close()


@pytest.fixture(scope="session")
def staff_state(browser: Browser, demo: DemoCity) -> Callable[[str], StorageState]:
    """Log an account in once a session: a one-time code is good for one log-in."""
    states: dict[str, StorageState] = {}

    def state_of(username: str) -> StorageState:
        if username not in states:
            context = browser.new_context(viewport=CONSOLE)
            page = ConsolePage(context.new_page(), demo)
            page.visit()
            page.log_in_patiently(username)
            states[username] = context.storage_state()
            context.close()
        return states[username]

    return state_of


@pytest.fixture(scope="session")
def accident(browser: Browser, demo: DemoCity, staff_state: Callable[[str], StorageState]) -> str:
    """The code of a vehicle that a dispatcher stopped at once; its incident opened by itself, the shift lead
    said what it is."""
    issued = json.loads((demo.folder / "issued.json").read_text())
    mine = [one for one in issued["vehicles"] if one["service"] == "delivery" and one["district"] == "KB"]
    code = str(mine[-1]["code"])
    context = browser.new_context(viewport=CONSOLE, locale="zh-CN", storage_state=staff_state("dispatcher"))
    desk = ConsolePage(context.new_page(), demo)
    desk.visit()
    desk.open_vehicle(code)
    ladder = desk.command("emergency_stop", "与电动车剐蹭")
    expect(ladder).to_have_attribute("data-state", "succeeded", timeout=SOON_MS)
    context.close()
    context = browser.new_context(viewport=CONSOLE, locale="zh-CN", storage_state=staff_state("lead"))
    lead = RecordsPage(context.new_page(), demo)
    lead.open_case(code)
    lead.take_step("triage", "对方轻微擦伤，已报警", 类型="碰撞", 严重程度="轻伤")
    context.close()
    return code


@pytest.fixture
def console(open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]) -> ConsolePage:
    """The console of a dispatcher who is logged in."""
    return ConsolePage(open_page(CONSOLE, staff_state("dispatcher")), demo)


@pytest.fixture
def city(open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]) -> CityPage:
    """The city page of the city's duty officer who is logged in."""
    return CityPage(open_page(CITY, staff_state("city")), demo)


@pytest.fixture
def phone(open_page: OpenPage, demo: DemoCity) -> PhonePage:
    """The phone page of somebody who was never here."""
    return PhonePage(open_page(PHONE), demo)


_numbers = count(13800138000)


@pytest.fixture
def number() -> str:
    """A phone number that no other test uses."""
    return str(next(_numbers))
