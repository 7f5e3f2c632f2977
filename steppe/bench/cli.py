"""``steppe bench``: repeat the measurements of docs/benchmarks.md on this machine."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from steppe.bench.display import Panel, staircase, tables
from steppe.bench.run import Progress, Run
from steppe.bench.series import growth
from steppe.bench.servers_started import SERVERS, BenchError
from steppe.bench.staircase import Staircase
from steppe.bench.world import World

SINGLE_LINKS_MOST = 50_000


@click.group()
def bench() -> None:
    """Measurements with real processes on this machine."""


@bench.command()
@click.option("--vehicles", type=click.IntRange(1, 2_000_000), default=20_000, show_default=True)
@click.option("--fences", type=click.IntRange(0, 100_000), default=500, show_default=True)
@click.option(
    "--dashboards", "--screens", type=click.IntRange(0, 1_000), default=5, show_default=True,
    help="Screens that follow the whole city; the first is measured.",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(2), default=30.0, show_default=True, help="Of measurement.")
@click.option(
    "--links", type=click.IntRange(1, 20_000), help="Makers' clouds.  [default: one for 500 vehicles]"
)
@click.option(
    "--frame", type=click.IntRange(1, 8_000), default=500, show_default=True,
    help="Most positions of a maker's frame.",
)  # fmt: skip
@click.option(
    "--singles", type=click.IntRange(0, SINGLE_LINKS_MOST), default=0, show_default=True,
    help="Vehicles with a link of their own.",
)  # fmt: skip
@click.option(
    "--hz", type=click.FloatRange(0.01, 20), default=1.0, show_default=True, help="Positions a second."
)
@click.option(
    "--growth", "series", flag_value="growth", help="From 1,000 vehicles up, and 100 to 10,000 fences."
)
@click.option(
    "--find-rate", "series", flag_value="rate",
    help="Raise the vehicles' pace by --steps until the servers fall behind.",
)  # fmt: skip
@click.option(
    "--steps", default="2,3,4,5,6,8,10", show_default=True,
    help="Paces of --find-rate in positions a second; its gateway lets a vehicle send so many.",
)  # fmt: skip
@click.option(
    "--warm", type=click.FloatRange(0), default=8.0, show_default=True, help="Seconds before it counts."
)
@click.option("--profile", type=click.Choice(("", *SERVERS)), default="", help="Write NAME.prof of a server.")
@click.option(
    "--nice", type=click.IntRange(-20, 19), default=0, help="Priority of everything, on a shared machine."
)
@click.option("--keep", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def telemetry(
    *, vehicles: int, fences: int, dashboards: int, seconds: float, links: int | None, frame: int,
    singles: int, hz: float, series: str | None, steps: str, warm: float, profile: str, nice: int,
    keep: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """From the vehicle to the screen: gateway, tracker, archiver and live api with their load.

    Exit code 1 when a bar of this size is missed, 2 when it could not be measured.
    """
    if singles > vehicles:
        raise click.UsageError(f"--singles {singles} is more than --vehicles {vehicles}")
    makers = links or max(1, round((vehicles - singles) / 500))
    paces = _paces(steps) if series == "rate" else ()
    world = World(
        vehicles=vehicles, fences=fences, screens=dashboards, measure_s=seconds, frame_positions=frame,
        makers=makers, singles=singles, hz=hz, warm_s=warm,
        steps_hz=paces, pace_most=max(3.0, *paces, hz),
    )  # fmt: skip
    if nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    result = _measured(world, series, profile)
    text = json.dumps(result, indent=2, ensure_ascii=False)
    if keep is not None:
        keep.write_text(text + "\n")
    if as_json:
        click.echo(text)
    else:
        _print(result)
    raise SystemExit(0 if result.get("isMet", True) else 1)


def _paces(text: str) -> tuple[float, ...]:
    try:
        paces = tuple(float(word) for word in text.split(","))
    except ValueError:
        paces = ()
    if not paces or min(paces) <= 0 or list(paces) != sorted(paces):
        raise click.UsageError(f"--steps {text!r} are no ascending numbers above 0, such as 1,1.5,2")
    return paces


def _measured(world: World, series: str | None, profile: str) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="steppe-bench-"))
    title = "steppe bench telemetry"
    try:
        with Panel(title) as panel:

            def measure(one: World) -> dict[str, Any]:
                def show(progress: Progress) -> None:
                    panel.show(progress, f"{title}  {one.vehicles:,} vehicles, {one.fences:,} fences")

                shutil.rmtree(folder, ignore_errors=True)
                kind = Staircase if one.steps_hz else Run
                return kind(one, folder, show, profiled=profile).result()

            if series == "growth":
                return growth(world, measure)
            return measure(world)
    except BenchError as error:
        click.echo(f"steppe bench: {error}", err=True)
        raise SystemExit(2) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print(result: dict[str, Any]) -> None:
    console = Console()
    runs = [result] if "tracker" in result else [
        run for key in ("overVehicles", "overFences") for run in result.get(key, ())
    ]  # fmt: skip
    for run in runs:
        console.print(tables(run))
    if "fencesCostTimes" in result:
        console.print(f"µs a position over vehicles: {result['microsOverVehicles']}")
        console.print(f"µs a position over fences: {result['microsOverFences']}")
    if "steps" in result:
        console.print(staircase(result))
        console.print(f"highest sustained: {result['positionsPerS']:,} positions/s")


if __name__ == "__main__":
    bench()
