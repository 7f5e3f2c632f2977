"""A broken rule taken through on the page: confirmed, appealed by the operator, decided by somebody else."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import StorageState, expect

from tests.e2e.demo_city import DemoCity
from tests.e2e.pages import CONSOLE, SOON_MS, OpenPage, RecordsPage, violations
from tests.e2e.test_every_desk import listened

pytestmark = pytest.mark.needs_browser

CLOSE_THE_PLACE = """async () => {
  const ask = async (path, body) => {
    const headers = { "Content-Type": "application/json" };
    const how = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(path, how);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const others = "service=patrol&service=sweeping&condition=idle&limit=50";
  const found = (await ask(`/api/vehicles?${others}`)).items.find((one) => one.district === "KB");
  const { district, operator, service, vehicleNo } = found;
  const { code, lat, lng } = await ask(`/api/vehicles/${vehicleNo}`);
  const sides = [[-4, -4], [4, -4], [4, 4], [-4, 4], [-4, -4]];
  const ring = sides.map(([x, y]) => [lng + x * 1e-4, lat + y * 1e-4]);
  const fenceId = `e2e-works-${vehicleNo}`;
  await ask("/api/fences", {
    fenceId, nameZh: "施工封闭", nameEn: "Closed for works", kind: "no_go", district, operator,
    services: [service], source: "e2e", accuracyM: 1,
    geometry: { type: "Polygon", coordinates: [ring] },
  });
  await ask(`/api/fences/${fenceId}/versions/1/preview`, {});
  await ask(`/api/fences/${fenceId}/versions/1/publish`, {});
  return [code, fenceId];
}"""
"""A place is closed about a vehicle that stands there, by the shift lead of its operator."""
OPEN_THE_PLACE = """async (fence) => {
  const answer = await fetch(`/api/fences/${fence}/versions/1/retire`, { method: "POST" });
  if (!answer.ok) throw new Error(await answer.text());
}"""


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers said was wrong; nothing may be."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def person(
    open_page: OpenPage, demo: DemoCity, staff_state: Callable[[str], StorageState], complaints: list[str]
) -> Callable[[str], RecordsPage]:
    """Open the records page as an account."""
    return lambda who: RecordsPage(listened(open_page(CONSOLE, staff_state(who)), complaints), demo)


def test_an_agency_confirms_the_operator_appeals_and_somebody_else_decides(
    person: Callable[[str], RecordsPage],
) -> None:
    lead = person("lead")
    lead.visit("?view=violations")
    expect(lead.page.locator("section.sheet")).to_be_visible(timeout=SOON_MS)
    code, fence = lead.page.evaluate(CLOSE_THE_PLACE)
    row = lead.page.get_by_test_id("violations").locator("tr", has_text=fence).filter(has_text=code)
    row.get_by_role("button", name="办理").click(timeout=SOON_MS)  # the page looks again by itself
    case = lead.page.get_by_test_id("violation-case")
    expect(case).to_contain_text("施工封闭")
    expect(case.get_by_test_id("waits")).to_contain_text("等待市级值班员或主管部门核实")
    lead.page.evaluate(OPEN_THE_PLACE, fence)
    query = lead.page.url.partition("?")[2]

    agency = person("police")
    agency.visit(f"?{query}&of={code}&state=suspected")
    agency.page.get_by_test_id("step-confirm").click(timeout=SOON_MS)
    expect(agency.page.get_by_test_id("step-appeal")).to_have_count(0)
    form = agency.page.get_by_test_id("step-form")
    form.locator("textarea[name=why]").fill("轨迹与围栏版本一致")
    assert violations(agency.page) == []
    agency.picture("violation-confirm")
    form.locator("button[type=submit]").click()
    # the list leaves out what is suspected no more, and the case stays
    expect(agency.page.get_by_test_id("apart")).to_be_visible(timeout=SOON_MS)
    expect(agency.page.get_by_test_id("waits")).to_contain_text("前申诉")

    expect(case).to_have_attribute("data-state", "confirmed", timeout=SOON_MS)
    expect(case).to_contain_text("轨迹与围栏版本一致")
    expect(case.get_by_test_id("step-confirm")).to_have_count(0)
    lead.take_step("appeal", "封闭通知未提前送达")
    expect(case.get_by_role("heading", name="办理经过")).to_be_focused()

    waits = agency.page.get_by_test_id("waits")
    expect(waits).to_contain_text("这起违规由您确认", timeout=SOON_MS)
    expect(agency.page.get_by_test_id("step-uphold")).to_have_count(0)
    other = person("kangbashi")
    other.visit(f"?{query}")
    other.take_step("overturn", "通知确实未送达")
    assert violations(other.page) == []
    other.picture("violation-overturned")
    expect(case).to_have_attribute("data-state", "overturned", timeout=SOON_MS)
    expect(case.get_by_test_id("story")).to_contain_text("通知确实未送达")
