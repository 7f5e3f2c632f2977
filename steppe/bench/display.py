"""What a terminal shows: a live panel while a run goes on, and a table of its result."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from steppe.bench.run import Progress

_MARK = {"met": "[green]met", "stretch": "[bold green]met, stretch too", "missed": "[red]missed",
         "client-bound": "[yellow]client-bound"}  # fmt: skip
_BARS = {
    "serversCoreShare": ("all servers without the archiver", "{:.3f} of a core"),
    "archiverOfServers": ("archiver, of what the others take", "{:.1%}"),
    "p99Ms": ("p99 vehicle → screen", "{:.0f} ms"),
    "serversMb": ("memory of the servers (PSS)", "{:.0f} MB"),
    "valkeyMb": ("memory of Valkey (PSS)", "{:.0f} MB"),
}


class Panel:
    """Shows the progress of runs until it is left. Writes to stderr: a result on stdout stays clean."""

    def __init__(self, title: str) -> None:
        self._live = Live(Text(title), console=Console(stderr=True), transient=True, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, progress: Progress, title: str) -> None:
        """Show how far a run is."""
        self._live.update(panel(title, progress))


def panel(title: str, progress: Progress) -> Group:
    """Return what the panel shows of a moment."""
    head = Text.assemble((title, "bold"), "  ", progress.phase)
    if progress.links:
        head.append(f"  {progress.links:,} links")
    if not progress.of_s:
        return Group(head)
    table = Grid("process", "core", "MB", box=None, pad_edge=False)
    for name, share in progress.core_share.items():
        memory = progress.memory_mb.get(name)
        table.add_row(name, f"{share:.3f}", "" if memory is None else f"{memory:.0f}")
    line = Text(
        f"{progress.positions_per_s:,.0f} positions/s   p99 {progress.p99_ms:.0f} ms   "
        f"machine {progress.busy_share:.0%} busy   {progress.elapsed_s:.0f} of {progress.of_s:.0f} s"
    )
    return Group(head, ProgressBar(total=progress.of_s, completed=progress.elapsed_s, width=60), line, table)


def tables(result: Mapping[str, Any]) -> Group:
    """Return the final tables of a run: what each process took, and every bar with its verdict."""
    world, ticks = result["world"], result["tracker"]
    used = Grid(
        "process", "of a core", "µs a position", "MB (PSS)", title="What it took", title_justify="left"
    )
    rate = max(1, result["positionsPerS"])
    for name, share in result["coreShare"].items():
        memory = result["memoryMb"].get(name)
        used.add_row(
            name, f"{share:.3f}", f"{share / rate * 1e6:.2f}", "" if memory is None else f"{memory:.0f}"
        )
    bars = Grid("what", "found", "at most", "stretch", "", title="Bars", title_justify="left")
    for name, bar in result["bars"].items():
        words, form = _BARS[name]
        bars.add_row(
            words, *(form.format(bar[key]) for key in ("found", "most", "stretch")), _MARK[bar["verdict"]]
        )
    latency = result["latencyMs"]
    lines = Text(
        f"{world['vehicles']:,} vehicles at {world['hz']:g} Hz, {world['fences']:,} fences, "
        f"{world['links']} makers' links, {world['singles']} single links, {world['dashboards']} dashboards\n"
        f"{rate:,} positions/s for {result['measuredS']:.0f} s, {result['refused']} refused\n"
        f"vehicle → screen p50 {latency['p50']:.0f}, p90 {latency['p90']:.0f}, p99 {latency['p99']:.0f} ms\n"
        f"{ticks['ticks']} ticks, mean {ticks['meanTickMs']:.1f} ms, p99 ≤ {ticks['p99TickMs']:.0f} ms, "
        f"{ticks['overBudget']} above {ticks['budgetMs']:.0f} ms"
        f"{''.join(f', {count} {cause}' for cause, count in ticks['slowBy'].items())}\n"
        f"machine {result['machineBusyShare']:.0%} busy, the load at most {result['lateSendsMs']:.0f} ms late"
    )
    return (
        Group(lines, used, bars)
        if result["bars"]
        else Group(lines, used, Text("No bars are set for this size."))
    )


def staircase(result: Mapping[str, Any]) -> Grid:
    """Return the steps of a staircase: what was wanted, what was judged, and what kept it from more."""
    grid = Grid("wanted /s", "sent /s", "servers", "load", "machine busy", "", title_justify="left")
    for step in result["steps"]:
        share = step["coreShare"]
        servers = sum(value for name, value in share.items() if name != "load")
        grid.add_row(
            f"{step['wantedPerS']:,}", f"{step['positionsPerS']:,}", f"{servers:.3f}", f"{share['load']:.3f}",
            f"{step['machineBusyShare']:.0%}", "; ".join(step["fallsBehindBy"]) or "[green]sustained",
        )  # fmt: skip
    return grid
