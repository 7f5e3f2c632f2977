"""A sweep is scheduled, watched while its vehicle sweeps, called home half-way, and its rest swept again."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import ARRIVES_WITHIN_MS, CONSOLE, PICTURES, SOON_MS, OpenPage, violations
from tests.e2e.test_every_desk import listened

pytestmark = pytest.mark.needs_browser

ZONE = "KB-plaza-swept"
LIKE = "KB-sweep-point-04-swept"
"""A forecourt of 750 m², swept in forty seconds at 10×: too soon over to be watched at leisure."""
TIMES = 3.0
"""As long and as wide: 6,700 m², five and a half minutes: a slow machine still finds it swept."""
MEASURED_WITHIN_MS = 300_000
"""A minute of city time after its end, once its positions are on disk; the repair drives out again."""
WHY = "广场临时有活动"


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"sweep-{name}.png", full_page=True)


def soon(demo: DemoCity) -> str:
    """Return a minute of the city that is still ahead when the form is sent, as a planner writes it."""
    now_ms = int(httpx.get(f"{demo.url}/api/config", trust_env=False).json()["cityTimeMs"])
    now = datetime.fromtimestamp(now_ms / 1000, ZoneInfo("Asia/Shanghai"))
    return f"{now + timedelta(minutes=4):%H:%M}"


def draw_plaza(context: BrowserContext, demo: DemoCity) -> None:
    """Save a zone like one that is there, only larger, and wait for its plan."""
    zones: list[dict[str, Any]] = context.request.get(f"{demo.url}/api/sweeping/zones").json()
    like = next(one for one in zones if one["zoneId"] == LIKE)
    [[ring]] = [like["geometry"]["coordinates"]]
    middle = [sum(each) / len(each) for each in zip(*ring[:-1], strict=True)]
    wider = [[m + TIMES * (at - m) for at, m in zip(corner, middle, strict=True)] for corner in ring]
    body = {
        "version": 0,
        "district": like["district"],
        "operator": like["operator"],
        "nameZh": "文化广场",
        "nameEn": "Culture plaza",
        "geometry": {"type": "Polygon", "coordinates": [wider]},
    }
    path = f"{demo.url}/api/sweeping/zones/{ZONE}"
    assert context.request.put(path, data=body).ok
    page = context.new_page()
    for _ in range(math.ceil(SOON_MS / 500)):
        if context.request.get(path).json()["zone"]["plan"]["state"] == "ready":
            break
        page.wait_for_timeout(500)
    page.close()


def run_of(page: Page, demo: DemoCity, what: str) -> Locator:
    """Return the zone's run that says something of itself, on the page of its zone."""
    page.goto(f"{demo.url}/planning?view=sweeping&open={ZONE}")
    return page.get_by_test_id("runs").locator("li", has_text=what)


@pytest.fixture(scope="session")
def planner(
    browser: Browser, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> Iterator[BrowserContext]:
    """The browser of a dispatcher."""
    context = browser.new_context(viewport=CONSOLE, locale="zh-CN", storage_state=staff_state("dispatcher"))
    yield context
    context.close()


@pytest.fixture(scope="session")
def scheduled(planner: BrowserContext, demo: DemoCity) -> list[str]:
    """What axe found on the form with which a sweep was scheduled for some minutes later."""
    draw_plaza(planner, demo)
    page = planner.new_page()
    page.goto(f"{demo.url}/planning?view=calendar")
    page.get_by_role("button", name="新建日程").click(timeout=SOON_MS)
    form = page.get_by_test_id("schedule-form")
    form.get_by_label("名称").fill("节前加扫")
    form.get_by_label("作业类型").select_option("sweeping_run")
    form.get_by_label("作业对象").select_option(ZONE)
    form.get_by_label("预计用时").fill("30")
    preview = form.get_by_test_id("preview").locator("li").first
    expect(preview).to_be_visible(timeout=SOON_MS)
    found = violations(page, within="[data-testid=schedule-form]")
    at = soon(demo)
    form.get_by_label("时刻，空格分隔").fill(at)
    expect(preview).to_contain_text(at, timeout=SOON_MS)
    form.get_by_role("button", name="保存").click()
    expect(form.get_by_role("button", name="终止")).to_be_visible(timeout=SOON_MS)
    page.close()
    return found


@pytest.fixture(scope="session")
def under_way(planner: BrowserContext, demo: DemoCity, scheduled: list[str]) -> None:
    """The scheduled run's vehicle has begun to sweep."""
    assert scheduled == []
    page = planner.new_page()
    run = run_of(page, demo, "排班")
    begun = run.get_by_test_id("progress").and_(page.locator("[data-begun=true]"))
    expect(begun).to_be_visible(timeout=ARRIVES_WITHIN_MS)
    page.close()


@pytest.fixture(scope="session")
def recalled(planner: BrowserContext, demo: DemoCity, under_way: None) -> None:
    """The run was called home half-way with a reason, the rest left to a repair run."""
    page = planner.new_page()
    run = run_of(page, demo, "排班")
    expect(run.get_by_test_id("so-far")).to_contain_text(re.compile(r"已清扫 [1-9][\d,]* /"), timeout=SOON_MS)
    run.get_by_role("button", name="召回").click()
    run.get_by_label("召回原因").fill(WHY)
    run.get_by_role("button", name="保存").click()
    expect(run).to_contain_text(WHY, timeout=SOON_MS)
    page.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def page(open_page: OpenPage, staff_state: Callable[[str], StorageState], complaints: list[str]) -> Page:
    """A dispatcher's page."""
    return listened(open_page(CONSOLE, staff_state("dispatcher")), complaints)


@pytest.mark.begins(0)
def test_a_sweep_is_scheduled_for_some_minutes_later(scheduled: list[str]) -> None:
    assert scheduled == []


@pytest.mark.begins(3)
@pytest.mark.usefixtures("under_way")
def test_what_is_swept_so_far_is_watched_while_it_is_swept(page: Page, demo: DemoCity) -> None:
    so_far = run_of(page, demo, "排班").get_by_test_id("so-far")
    expect(so_far).to_contain_text("初步", timeout=SOON_MS)
    map_says = page.locator("figcaption")
    expect(map_says).to_contain_text("已清扫（初步）")
    expect(map_says).to_contain_text("待清扫")
    expect(map_says).to_contain_text(re.compile(r"初步结果，截至 \d\d:\d\d:\d\d"))
    expect(map_says).not_to_contain_text("漏扫")
    expect(so_far).to_contain_text(re.compile(r"共 \d+ 格：已扫 [1-9]\d*，待扫 [1-9]\d*"), timeout=SOON_MS)
    before = swept_m2(so_far)
    expect(so_far).not_to_contain_text(f"已清扫 {before:,} /", timeout=SOON_MS)
    assert swept_m2(so_far) > before
    for scheme in ("light", "dark"):
        page.evaluate(f"localStorage.setItem('steppe.scheme', '{scheme}')")
        page.reload()
        expect(so_far).to_contain_text("初步", timeout=SOON_MS)
        page.wait_for_timeout(1_500)
        assert violations(page) == []
        picture(page, f"so-far-{scheme}")


def swept_m2(so_far: Locator) -> int:
    found = re.search(r"已清扫 ([\d,]+) /", so_far.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


@pytest.mark.begins(4)
@pytest.mark.usefixtures("recalled")
def test_a_run_that_was_called_home_says_why_and_what_it_swept_until_it_is_measured(
    page: Page, demo: DemoCity
) -> None:
    run = run_of(page, demo, WHY)
    expect(run).to_contain_text(re.compile("正在按轨迹核算面积|核实 "), timeout=SOON_MS)
    assert violations(page) == []
    picture(page, "recalled")


@pytest.mark.thorough  # the repair sweeps for two minutes
@pytest.mark.ends
@pytest.mark.usefixtures("recalled")
def test_what_it_swept_is_on_the_map_and_the_rest_was_swept_by_its_repair(page: Page, demo: DemoCity) -> None:
    run = run_of(page, demo, WHY)
    measured = re.compile(r"核实 [1-9][\d,]* / [\d,]+ m².*漏扫 [\d,]+ m²")
    expect(run).to_contain_text(measured, timeout=MEASURED_WITHIN_MS)
    page.reload()
    run.get_by_role("button", name="在地图上显示覆盖").click(timeout=SOON_MS)
    expect(page.locator("figcaption")).to_contain_text("漏扫")
    expect(page.locator("figcaption")).not_to_contain_text("初步")
    page.wait_for_timeout(1_500)
    assert violations(page) == []
    picture(page, "coverage")
    repair = page.get_by_test_id("runs").locator("li").filter(has_not_text=WHY).first
    expect(repair).to_contain_text("补扫")
    expect(repair).to_contain_text(re.compile(r"核实 [1-9][\d,]* / [\d,]+ m²"), timeout=ARRIVES_WITHIN_MS)
    picture(page, "repaired")
