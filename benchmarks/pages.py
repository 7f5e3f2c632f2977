"""How city map and console feel with 200 and with 100,000 vehicles: ``python -m benchmarks.pages``.

A demo with its real processes; the crowd is told by rooms as a tracker tells (tests/e2e/crowd.py) and belongs
to an operator of its own, so the console shows its park within a large city. Cold loads are fresh browser
contexts on loopback. Script is the page's own JavaScript by CPU out of a trace; panning is compared
with the same map without what lives on it, in turns: this machine draws WebGL in software. Memory is the
JavaScript heap after a collection, every minute of a live feed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, StorageState, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Origin

from steppe.bench.machine import description
from tests.e2e.crowd import crowd_in
from tests.e2e.demo_city import DemoCity, running_demo
from tests.e2e.pages import CITY, CONSOLE, CityPage, ConsolePage, StaffPage

RESULT = Path(__file__).parent / "results" / "pages.json"
CROWD: Final = 100_000
COLD_LOADS: Final = 5
FEED_S: Final = 20.0
PAN_S: Final = 4.0
PAN_TURNS: Final = 4
SOON_MS: Final = 120_000
SCRIPT: Final = frozenset({"FunctionCall", "EvaluateScript", "RunMicrotasks"})
"""Events of a trace in which script runs."""
BETWEEN_S: Final = 3.0
READS_A_FLEET_S: Final = 60.0
"""A crowd appears in the registry at once; every process reads it before it answers fast again."""
WATCHED_S: Final = 30.0
"""How long the crowd is told before anything is measured: every process reads its vehicles first."""
SETTLES_S: Final = 90.0
"""After a start every vehicle is given its first work at once; cold loads are measured in a city at work."""
ASSETS: Final = Path(__file__).parents[1] / "dashboard" / "web" / "dist" / "assets"
LOOK_MS: Final = 100
BAR: Final = {"firstS": {"200": 2.5, "100000": 4.0}, "scriptMs": 10.0, "panTimes": 1.5, "heapShare": 0.1}
SETTLED_MIN: Final = 5
"""Minutes of a feed before its heap is looked at: caches and compiled code have filled."""
LOOKED_MIN: Final = 5
"""The first and the last so many minutes after that are compared."""

FIRST = """(() => {
  const look = () => {
    const map = window.steppeMap;
    const many = map ? map.vehicles() + map.cells() : 0;
    if (many > 0 && map.frames() > 0) window.firstAtMs = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})()"""
"""Says when the first live vehicles, or the cells that stand for them, were drawn: ms since navigation."""

PAN = """async ({ seconds, isBare }) => {
  const { map } = window.steppeMap;
  const living = map.getStyle().layers.map(({ id }) => id).filter((id) => /^(vehicles|cells)/.test(id));
  for (const id of living) map.setLayoutProperty(id, "visibility", isBare ? "none" : "visible");
  const { lng, lat } = map.getCenter();
  const reach = 40 / 2 ** map.getZoom();
  const took = [];
  const until = performance.now() + seconds * 1000;
  for (let last = performance.now(), step = 0; last < until; step++) {
    map.jumpTo({ center: [lng + Math.sin(step / 15) * reach, lat + Math.cos(step / 15) * reach] });
    await new Promise((drawn) => map.once("render", drawn));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    took.push(now - last);
    last = now;
  }
  map.jumpTo({ center: [lng, lat] });
  return took;
}"""
"""Pans a map in a circle and returns how long each frame took, ms; bare is without what lives on it."""


class Pages:
    """Opens pages as somebody who logged in before and was never here."""

    def __init__(self, browser: Browser, demo: DemoCity) -> None:
        self._browser = browser
        self._demo = demo
        self._states: dict[str, StorageState] = {}

    def open(self, kind: type[StaffPage], query: str = "") -> Page:
        """Return a page in a fresh context, on its way."""
        size = CITY if kind is CityPage else CONSOLE
        context = self._browser.new_context(
            viewport=size, locale="zh-CN", reduced_motion="reduce", storage_state=self._state(kind)
        )
        context.set_default_timeout(SOON_MS)
        context.add_init_script(FIRST)
        page = context.new_page()
        kind(page, self._demo).visit(query)
        return page

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let a wall look at the whole city meanwhile, as in a city one always does: the hub then knows it.

        A crowd that is told by rooms is in no blob: the first screen would be told all of it anew.
        """
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in self._state(CityPage)["cookies"])
        url = self._demo.url.replace("http", "ws", 1) + "/api/live"
        headers, origin = {"Cookie": cookies}, Origin(self._demo.url)
        with connect(
            url, additional_headers=headers, origin=origin, max_size=None, open_timeout=READS_A_FLEET_S
        ) as link:
            link.send(json.dumps({"type": "subscribe", "topics": ["vehicles"], "bbox": None, "zoom": 6}))
            reader = Thread(target=deque, args=(link, 0), daemon=True)
            reader.start()
            yield
            link.close()
            reader.join()

    def _state(self, kind: type[StaffPage]) -> StorageState:
        if kind.path not in self._states:
            context = self._browser.new_context(viewport=CONSOLE)
            page = kind(context.new_page(), self._demo)
            page.visit()
            page.log_in_patiently("city" if kind is CityPage else "dispatcher")
            self._states[kind.path] = context.storage_state()
            context.close()
        return self._states[kind.path]


def first_s(page: Page) -> float:
    """Return how long after the navigation the first live vehicles were on the screen."""
    for _ in range(SOON_MS // LOOK_MS):
        # The page allows no eval, which waiting for a condition inside it would need.
        if (at_ms := page.evaluate("window.firstAtMs")) is not None:
            return round(float(at_ms) / 1000, 2)
        page.wait_for_timeout(LOOK_MS)
    raise SystemExit("no live vehicle came to the screen")


def cold(pages: Pages, kind: type[StaffPage], times: int) -> list[float]:
    """Return the seconds of several loads, each in a context that has nothing."""
    found = []
    for _ in range(times):
        page = pages.open(kind)
        found.append(first_s(page))
        page.context.close()
        time.sleep(BETWEEN_S)
    return found


def counters(session: CDPSession) -> dict[str, float]:
    """Return the browser's counters of a page by name."""
    answer = session.send("Performance.getMetrics")
    return {one["name"]: float(one["value"]) for one in answer["metrics"]}


def script_ms(page: Page, seconds: float) -> dict[str, float]:
    """Return the script of one second of a live feed at 1 Hz, ms of CPU: of the page's own, and of drawing.

    Out of a trace, by thread time: a machine shared with a city does not make its script longer.
    What was called in MapLibre's chunk, the largest by far, is drawing; everything else that is script is the
    page's, from the message to the last number on the screen.
    """
    browser = page.context.browser
    assert browser is not None, "a page that was opened has a browser"
    browser.start_tracing(
        page=page, categories=["disabled-by-default-devtools.timeline", "devtools.timeline"]
    )
    page.wait_for_timeout(seconds * 1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    # the map's workers are no part of it: they hold up no frame
    pages = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    calls = [each for each in events if each.get("ph") == "X" and each["name"] in SCRIPT and "tdur" in each]
    spent: Counter[str] = Counter()
    map_chunk = max(ASSETS.glob("*.js"), key=lambda one: one.stat().st_size).name
    over_at: dict[tuple[int, int], float] = {}
    for each in sorted(calls, key=lambda one: (one["ts"], -one["dur"])):
        thread = (each["pid"], each["tid"])
        if thread not in pages or each["ts"] < over_at.get(thread, 0.0):
            continue  # or called by what is counted
        over_at[thread] = each["ts"] + each["dur"]
        url = each.get("args", {}).get("data", {}).get("url", "")
        spent["frames" if url.endswith(map_chunk) else "own"] += each["tdur"]
    return {name: round(spent[name] / 1000 / seconds, 2) for name in ("own", "frames")}


def pan_ms(page: Page) -> dict[str, float]:
    """Return the median frame while panning, ms, with what lives on the map and without, in turns."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * PAN_TURNS):
        is_bare = turn % 2 == 0
        took[is_bare] += page.evaluate(PAN, {"seconds": PAN_S, "isBare": is_bare})
    bare, living = (statistics.median(took[is_bare]) for is_bare in (True, False))
    return {"bare": round(bare, 1), "living": round(living, 1), "times": round(living / bare, 2)}


def heap_mb(page: Page, minutes: int) -> list[float]:
    """Return the heap after a collection at every minute of a live feed, MB."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    found = []
    for _ in range(minutes):
        page.wait_for_timeout(60_000)
        session.send("HeapProfiler.collectGarbage")
        found.append(round(counters(session)["JSHeapUsedSize"] / 1e6, 2))
        print(f"heap {found[-1]} MB", file=sys.stderr, flush=True)
    return found


def grown(heap: Sequence[float]) -> float | None:
    """Return by what share the heap grew from its first settled minutes to its last; None for a short run."""
    settled = heap[SETTLED_MIN:]
    if len(settled) < 2 * LOOKED_MIN:
        return None
    first, last = statistics.fmean(settled[:LOOKED_MIN]), statistics.fmean(settled[-LOOKED_MIN:])
    return round(last / first - 1, 3)


def look(pages: Pages, minutes: int, loads: int) -> dict[str, Any]:
    """Measure both pages with the vehicles that there are now."""
    found: dict[str, Any] = {
        "firstS": {kind.path: cold(pages, kind, loads) for kind in (CityPage, ConsolePage)}
    }
    city = pages.open(CityPage)
    first_s(city)
    found["scriptMs"] = {"far": script_ms(city, FEED_S)}
    found["pan"] = {"far": pan_ms(city)}
    city.evaluate("window.steppeMap.map.jumpTo({ center: [109.782, 39.608], zoom: 12.5 })")
    city.wait_for_timeout(5_000)
    found["nearVehicles"] = city.evaluate("window.steppeMap.vehicles()")
    found["scriptMs"]["near"] = script_ms(city, FEED_S)
    found["pan"]["near"] = pan_ms(city)
    city.evaluate("window.steppeMap.map.jumpTo({ center: [109.5, 39.6], zoom: 7 })")
    if minutes:
        found["heapMb"] = heap_mb(city, minutes)
        found["heapGrown"] = grown(found["heapMb"])
    city.context.close()
    return found


def measure(crowd: int, minutes: int, loads: int) -> dict[str, Any]:
    """Measure a demo, then the same with a crowd."""
    with (
        tempfile.TemporaryDirectory(prefix="steppe-bench-") as name,
        running_demo(Path(name) / "city", "--no-residents") as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        pages = Pages(browser, demo)
        time.sleep(SETTLES_S)
        rows = {"200": look(pages, 0, loads)}
        print(json.dumps(rows), file=sys.stderr, flush=True)
        with crowd_in(demo, crowd), pages.watched():
            time.sleep(WATCHED_S)
            rows[str(crowd)] = look(pages, minutes, loads)
        browser.close()
    return rows


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crowd", type=int, default=CROWD)
    parser.add_argument("--loads", type=int, default=COLD_LOADS, help="cold loads of each page")
    parser.add_argument("--minutes", type=int, default=30, help="of the feed whose heap is looked at")
    parser.add_argument("--keep", type=Path, default=RESULT)
    wanted = parser.parse_args()
    rows = measure(wanted.crowd, wanted.minutes, wanted.loads)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": description(),
        "bar": BAR,
        "rows": rows,
    }
    text = json.dumps(result, indent=2)
    print(text)
    wanted.keep.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
