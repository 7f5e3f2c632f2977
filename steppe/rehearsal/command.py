"""``steppe rehearse`` as people type it."""

import asyncio
from datetime import datetime
from pathlib import Path

import click

from steppe.demo_ports import LAST_PORT


@click.command()
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The local day, such as 2026-12-01."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated people and vehicles.")
@click.option(
    "--rate", type=click.FloatRange(1, 60), default=20, show_default=True, help="City seconds a second."
)
@click.option(
    "--starts-at", type=click.DateTime(["%H:%M"]), default="06:00", show_default=True, help="Local time."
)
@click.option("--hours", type=click.FloatRange(0.1, 48), default=24, show_default=True, help="How long.")
@click.option("--vehicles", type=click.IntRange(1), default=206, show_default=True, help="How many drive.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="An empty folder; var/rehearsal-DAY-SEED without it."
)
@click.option(
    "--port", type=click.IntRange(1, 65535 - LAST_PORT), default=8100, show_default=True, help="As of demo."
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the day brings beside chance; the city pack's winter-day.toml without it.",
)
def rehearse(
    day: datetime,
    seed: int,
    rate: float,
    starts_at: datetime,
    hours: float,
    vehicles: int,
    data_dir: Path | None,
    port: int,
    scenario: Path | None,
) -> None:
    """A day of the city, rehearsed faster than it comes.

    Real processes, simulated vehicles and people. Writes a report with plots; exit code 0 when the day
    passes, 1 when something is found against it.
    """
    from steppe.rehearsal.run import Options
    from steppe.rehearsal.run import rehearse as run_day

    options = Options(
        day=day.date(),
        starts_at=starts_at.time(),
        hours=hours,
        rate=rate,
        seed=seed,
        vehicles=vehicles,
        data_dir=data_dir or Path(f"var/rehearsal-{day:%Y-%m-%d}-{seed}"),
        port=port,
        scenario=scenario,
    )
    raise SystemExit(asyncio.run(run_day(options)))
