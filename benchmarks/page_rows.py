"""What docs/benchmarks.md says of pages.json."""

import statistics
from collections.abc import Iterator
from typing import Any


def bars(pages: dict[str, Any] | None) -> Iterator[str]:
    """Return the rows of the table of bars; nothing when nothing was measured."""
    if pages is None:
        return
    bar, rows = pages["bar"], pages["rows"]
    for many, row in rows.items():
        most = bar["firstS"].get(many)
        for page, loads in row["firstS"].items() if most is not None else ():
            what = f"{page}, cold load to the first live vehicles, s: median of {len(loads)}"
            yield _bar(f"{int(many):,} vehicles", what, statistics.median(loads), most)
    crowd = max(rows, key=int)
    row, title = rows[crowd], f"{int(crowd):,} vehicles"
    yield _bar(
        title,
        "script of a live update, ms of CPU: the more of far and near",
        max(one["own"] for one in row["scriptMs"].values()),
        bar["scriptMs"],
    )
    times = max(one["times"] for one in row["pan"].values())
    yield _bar(title, "a frame while panning, times the bare map", times, bar["panTimes"])
    if row.get("heapGrown") is not None:
        found = abs(row["heapGrown"])
        yield _bar(title, f"heap after {len(row['heapMb'])} min, change", found, bar["heapShare"])


def section(pages: dict[str, Any] | None) -> Iterator[str]:
    """Return the section; nothing when nothing was measured."""
    if pages is None:
        return
    yield "## Pages\n"
    yield (
        "Chromium on the same two cores as the city, WebGL in software: seconds are those of this machine, ratios are what a bar means. "
        "Far is the whole city, where a large one is cells; near is a town. The console shows its own park within the city.\n"
    )
    yield "| vehicles | city first, s | console first, s | own script of a second far, near, ms of CPU | of frames | near: vehicles known | frame far, near, ms | bare | times | heap, MB |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for many, row in pages["rows"].items():
        city, console = (statistics.median(loads) for loads in row["firstS"].values())
        far, near = row["pan"]["far"], row["pan"]["near"]
        script = row["scriptMs"]
        heap = row.get("heapMb") or []
        held = f"{heap[0]:g} → {heap[-1]:g} in {len(heap)} min" if heap else "–"
        yield (
            f"| {int(many):,} | {city:g} | {console:g} | {script['far']['own']:g}, {script['near']['own']:g} "
            f"| {script['far']['frames']:g}, {script['near']['frames']:g} | {row['nearVehicles']:,} | {far['living']:g}, {near['living']:g} | {far['bare']:g}, {near['bare']:g} "
            f"| {far['times']:g}, {near['times']:g} | {held} |"
        )
    yield ""


def _bar(title: str, what: str, found: float, most: float) -> str:
    return f"| pages, {title} | {what} | {found:g} | ≤ {most:g} | | {'met' if found <= most else 'missed'} |"
