"""A preview that had no time for the whole week: the page follows the job that works it out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from playwright.sync_api import StorageState, expect

from core.auth.principal import EVERYTHING
from core.clock import ms_of_moment
from core.database import Database
from core.ids import FenceId, FenceVersion
from fleet.fences.week_store import WeekStore
from geofences.preview import RestOfWeek
from geofences.store import FenceStore
from tests.e2e.conftest import PICTURES
from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, OpenPage, StaffPage, violations

pytestmark = pytest.mark.needs_browser

MY_PLACE = """async () => {
  const mine = await (await fetch('/api/vehicles?limit=1')).json();
  return { district: mine.items[0].district, operator: mine.items[0].operator };
}"""


DRAW = """async ({district, operator}) => (await fetch('/api/fences', {
  method: 'POST', headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({ fenceId: 'e2e-week', kind: 'slow_zone', nameZh: '试验场', nameEn: 'Yard',
    district, operator, source: 'e2e', rules: {speedLimitMps: 2}, geometry: {type: 'Polygon', coordinates:
    [[[109.77,39.59],[109.79,39.59],[109.79,39.61],[109.77,39.61],[109.77,39.59]]]} }),
})).status"""

WEEK_FENCE = FenceId("e2e-week")
HELD_S = 20.0
"""How long the test holds the week, as a job does that is at work."""


async def leave_half(database_file: Path) -> None:
    """Leave the version as a person does who waited ten seconds, with half of the week done by a job."""
    database = await Database.open(f"sqlite+aiosqlite:///{database_file}")
    key = (WEEK_FENCE, FenceVersion(1))
    async with database.write() as tx:
        store = FenceStore(tx)
        record = await store.get(*key, reach=EVERYTHING)
        assert record.preview is not None
        assert record.previewed_at is not None
        to_at = record.preview.past.to_at
        from_at = to_at - timedelta(days=7)
        rest = RestOfWeek(from_at=from_at, to_at=to_at, reached_at=from_at + timedelta(days=3.5))
        past = replace(record.preview.past, is_whole=False, from_at=to_at - timedelta(hours=16))
        seen = replace(record.preview, past=past, rest=rest)
        due_at = datetime.now(UTC) + timedelta(seconds=HELD_S)
        since, until = ms_of_moment(from_at), ms_of_moment(to_at)
        await WeekStore(tx).begin(*key, np.arange(1, 207), from_ms=since, to_ms=until, due_at=due_at)
        by = record.previewed_by or ""
        await store.keep_preview(key, record.state, seen, at=record.previewed_at, by=by)
    await database.close()


@pytest.mark.thorough  # half a minute of waiting for a job; what the job does is held in tests/integration
def test_the_page_follows_a_preview_until_the_whole_week_is_worked_out(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState]
) -> None:
    lead = StaffPage(open_page(CONSOLE, staff_state("lead")), demo)
    lead.path = "fences"
    lead.visit()
    expect(lead.page.get_by_test_id("fences")).to_be_visible(timeout=SOON_MS)
    drawn = lead.page.evaluate(DRAW, lead.page.evaluate(MY_PLACE))
    assert drawn == 201
    lead.visit(f"?q={WEEK_FENCE}&open={WEEK_FENCE}")
    version = lead.page.locator("[data-version='1']")
    version.get_by_role("button", name="预览影响").click()
    expect(version.get_by_test_id("preview")).to_contain_text("围栏内现有", timeout=SOON_MS)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, leave_half(demo.folder / "steppe.sqlite3")).result()
    lead.visit(f"?q={WEEK_FENCE}&open={WEEK_FENCE}")
    expect(version.get_by_test_id("rest")).to_contain_text("已完成 3.5 / 7 天", timeout=SOON_MS)
    expect(version.get_by_test_id("preview")).to_contain_text("即时预览只来得及回看到")
    assert violations(lead.page) == []
    PICTURES.mkdir(exist_ok=True)
    lead.page.screenshot(path=PICTURES / "fence-week.png")
    expect(version.get_by_test_id("rest")).to_have_count(0, timeout=60_000 + SOON_MS)
    expect(version.get_by_test_id("preview")).not_to_contain_text("即时预览")
