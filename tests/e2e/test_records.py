"""Replay of the city and of a vehicle, and the sheets of violations, incidents and data quality."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SEALED_WITHIN_MS, SOON_MS, OpenPage, RecordsPage, violations
from tests.integration.fleet.links.second_client import position, positions_frame

pytestmark = pytest.mark.needs_browser

BAD_LATITUDE = 99.0


@pytest.fixture
def records(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> Iterator[RecordsPage]:
    """The records page of the city's duty officer; nothing may be complained of on its console."""
    page = RecordsPage(open_page(CONSOLE, staff_state("city")), demo)
    said: list[str] = []
    page.page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []


def shown_at(records: RecordsPage) -> tuple[int, int]:
    """Return the moment that is shown, and how many vehicles it has."""
    shown = records.page.get_by_test_id("shown")
    expect(shown).to_be_visible(timeout=SOON_MS)
    return int(shown.get_attribute("data-at") or 0), int(shown.get_attribute("data-vehicles") or 0)


def test_the_city_is_scrubbed_by_the_second_and_played(records: RecordsPage) -> None:
    records.visit()
    first, vehicles = shown_at(records)
    assert vehicles > 50
    expect(records.page).to_have_url(re.compile(rf"[?&]t={first}"))
    records.page.wait_for_timeout(2_500)
    assert int(records.page.evaluate("window.steppeReplay.frames()")) > 0
    assert int(records.page.evaluate("window.steppeReplay.vehicles()")) == vehicles
    records.picture("records-replay-light-zh")
    assert violations(records.page) == []

    records.page.get_by_role("slider", name="时刻").press("ArrowLeft")
    expect(records.page.get_by_test_id("shown")).to_have_attribute(
        "data-at", str(first - 1000), timeout=SOON_MS
    )
    records.page.reload()
    assert shown_at(records)[0] == first - 1000
    records.page.get_by_role("button", name="播放").click()
    expect(records.page.get_by_role("button", name="暂停")).to_be_visible()
    expect(records.page.get_by_test_id("shown")).not_to_have_attribute(
        "data-at", str(first - 1000), timeout=SOON_MS
    )
    records.page.get_by_role("button", name="暂停").click()

    records.visit("?t=1000000000000&lang=en")
    expect(records.page.get_by_text("No vehicle has a position then")).to_be_visible(timeout=SOON_MS)


def test_the_present_of_the_replay_goes_on_while_another_sheet_is_read(records: RecordsPage) -> None:
    records.visit("?view=quality")
    expect(records.page.locator("section.sheet")).to_be_visible(timeout=SOON_MS)
    records.page.wait_for_timeout(6_000)  # a minute of the city
    records.page.get_by_role("navigation").get_by_role("button").first.click()
    at_ms, _ = shown_at(records)
    now_ms = int(httpx.get(f"{records.demo.url}/api/config", trust_env=False).json()["cityTimeMs"])
    looked_back_ms, asked_ms = 60_000, 30_000
    assert now_ms - at_ms < looked_back_ms + asked_ms


def test_a_vehicle_has_its_day_on_the_map(records: RecordsPage) -> None:
    records.visit()
    records.page.get_by_label("车辆编号").fill("KB-D-0001")
    records.page.keyboard.press("Enter")
    day = records.page.get_by_test_id("day")
    expect(day).to_contain_text("KB-D-0001", timeout=SOON_MS)
    expect(records.page).to_have_url(re.compile("v=KB-D-0001"))
    records.picture("records-vehicle-day")
    records.page.get_by_label("车辆编号").fill("NOBODY")
    records.page.keyboard.press("Enter")
    expect(records.page.get_by_text("没有找到这辆车")).to_be_visible(timeout=SOON_MS)


def looked_at() -> Iterator[Any]:
    """Each sheet in one look, the looks in turn; the other one is a variation."""
    for number, view in enumerate(("violations", "incidents", "quality")):
        for turn, look in enumerate((("light", "zh"), ("dark", "en"))):
            marks = () if number % 2 == turn else (pytest.mark.thorough,)
            yield pytest.param(view, *look, marks=marks, id=f"{view}-{'-'.join(look)}")


@pytest.mark.parametrize(("view", "scheme", "lang"), list(looked_at()))
def test_a_sheet_is_clean_in_its_language_and_scheme(
    records: RecordsPage, view: str, scheme: str, lang: str
) -> None:
    records.page.add_init_script(f"localStorage.setItem('steppe.scheme', '{scheme}')")
    records.visit(f"?view={view}&lang={lang}")
    expect(records.page.locator("html")).to_have_attribute("data-scheme", scheme, timeout=SOON_MS)
    expect(records.page.locator("section.sheet")).to_be_visible(timeout=SOON_MS)
    expect(records.page.locator(".spin")).to_have_count(0, timeout=SOON_MS)
    expect(records.page.get_by_role("alert")).to_have_count(0)
    records.picture(f"records-{view}-{scheme}-{lang}")
    text = records.page.locator("thead, nav, .tag").all_inner_texts()
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", " ".join(text)) == []
    assert violations(records.page) == []


def test_a_makers_score_of_the_running_day_and_what_was_refused_are_seen(records: RecordsPage) -> None:
    maker = records.demo.maker()
    records.visit("?view=quality")
    row = records.page.get_by_test_id("makers").locator("tr", has_text=maker["maker"])
    expect(row.locator("td").nth(1)).to_have_text(re.compile(r"^\d+%$"), timeout=SOON_MS)
    expect(row.locator("td").nth(4)).not_to_have_text("0", timeout=SOON_MS)
    expect(records.page.get_by_test_id("counted")).to_contain_text("统计至", timeout=SOON_MS)
    row.get_by_role("button", name="查看被拒样本").click()
    record = refused_of(records.demo, maker)
    samples = records.page.get_by_test_id("samples")
    expect(samples).to_contain_text(record, timeout=SOON_MS)  # the page looks again by itself
    expect(samples.locator("div", has_text=record)).to_contain_text("格式错误")
    records.picture("records-quality-samples")
    assert violations(records.page) == []


def refused_of(demo: DemoCity, maker: dict[str, str]) -> str:
    """Send a position off the globe as a maker's cloud would; return it as it was sent, in hexadecimal."""
    now_ms = int(httpx.get(f"{demo.url}/api/config", trust_env=False).json()["cityTimeMs"])
    wrong = position(1, now_ms // 1000, BAD_LATITUDE, 109.78)
    key = {"keyId": maker["keyId"], "secret": maker["secret"]}
    with httpx.Client(base_url=demo.gateway, trust_env=False, timeout=SOON_MS / 1000) as cloud:
        token = cloud.post("/v1/tokens", json=key).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        answer = cloud.post("/v1/frames", content=positions_frame(now_ms, now_ms, wrong), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "position-out-of-range"), answer.text
    return wrong.hex()


def test_the_evidence_of_an_incident_is_taken_from_the_page_and_proves_itself(
    records: RecordsPage, tmp_path: Path
) -> None:
    records.visit("?view=incidents")
    expect(records.page.get_by_role("navigation")).to_be_visible(timeout=SOON_MS)
    incident = records.page.evaluate(REPORT)
    assert incident["status"] == 201, incident
    records.visit(f"?view=incidents&open={incident['id']}")
    evidence = records.page.get_by_test_id("evidence")
    expect(evidence).to_contain_text(re.compile("尚未封存：正在等待|第 1 版"), timeout=SOON_MS)
    take = evidence.get_by_role("link", name=re.compile("下载证据包")).first
    expect(take).to_be_visible(timeout=SEALED_WITHIN_MS)
    assert violations(records.page) == []
    records.picture("records-evidence")
    with records.page.expect_download(timeout=SOON_MS) as started:
        take.click()
    bundle = tmp_path / started.value.suggested_filename
    started.value.save_as(bundle)
    words = evidence.locator("code", has_text="steppe evidence verify").inner_text().split()
    assert words[3] == bundle.name
    holds = verified(bundle, words[-1])
    assert holds.returncode == 0, holds.stdout + holds.stderr
    changed = bytearray(bundle.read_bytes())
    changed[len(changed) // 2] ^= 1
    bundle.write_bytes(changed)
    assert verified(bundle, words[-1]).returncode == 1


def verified(bundle: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Verify a bundle as the page says, with the file and the key alone: no settings of the city."""
    words = [sys.executable, "-m", "steppe", "evidence", "verify", str(bundle), "--key", key]
    env = {name: value for name, value in os.environ.items() if not name.startswith("STEPPE_")}
    return subprocess.run(words, capture_output=True, text=True, env=env, timeout=SOON_MS / 1000, check=False)


REPORT = """async () => {
  const mine = await (await fetch('/api/vehicles?limit=1')).json();
  const config = await (await fetch('/api/config')).json();
  const answer = await fetch('/api/incidents', {
    method: 'POST', headers: {'Content-Type': 'application/json', 'Idempotency-Key': 'e2e-incident'},
    body: JSON.stringify({ vehicleNo: mine.items[0].vehicleNo, incidentType: 'near_miss',
      happenedAt: new Date(config.cityTimeMs - 60000).toISOString(), description: 'e2e' }),
  });
  return { status: answer.status, id: (await answer.json()).incidentId };
}"""
