"""``steppe rehearse``: a day of the whole city on this machine, faster than it comes, and what came of it."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct

from core import logs
from core.clock import Clock
from core.errors import Conflict, Unavailable
from core.settings import load, process_environment
from core.supervision import stop_on_signals
from fleet.vehicles.last_heard import LastHeardReader
from steppe.city.issued import Issued, read_issued
from steppe.city.pack import CityPack
from steppe.city.reading import read_pack
from steppe.composition import last_heard
from steppe.data_folder import held
from steppe.demo_time import DemoTime
from steppe.plant import PROCESSES, Plant
from steppe.rehearsal.page import Day, page
from steppe.rehearsal.sample import Sample, left_of, take_sample
from steppe.rehearsal.scenario import (
    Scenario,
    Window,
    read_scenario,
    script_of,
    weather_of,
    window_of,
)
from steppe.rehearsal.verdict import Check, Ended, judge, read_end
from steppe.resources import Resources, open_resources
from steppe.simulated_city import is_ready, is_taken, own_secrets, ports, variables_of
from steppe.supervisor import ChildSpec

SAMPLE_EVERY: Final = timedelta(minutes=10)
SAY_EVERY: Final = timedelta(minutes=30)
SETTLES_WITHIN: Final = timedelta(hours=3)
"""City time after the end in which nobody orders and what is under way comes to its end: the longest wait for
a recipient, the ladder behind it and the way back."""
LOOK_EVERY_S: Final = 0.25
PARTS: Final = ("vehicles", "merchants", "residents", "operators", "crews")
"""Who is played: everybody but the weather officer, because the scenario tells the weather."""


class Options(Struct, frozen=True, kw_only=True):
    """What the command line said."""

    day: date
    starts_at: time
    hours: float
    rate: float
    seed: int
    vehicles: int
    data_dir: Path
    port: int
    scenario: Path | None
    """None takes the city pack's own."""


async def rehearse(options: Options) -> int:
    """Rehearse a day; return 0 when it passes, 1 when something is against it, 2 when it was broken off.

    Raises Conflict when the folder holds something already, Invalid for a scenario that is wrong.
    """
    taken = [port for port in ports(options.port).values() if is_taken(port)]
    if taken:
        raise Conflict("already-exists", f"port {taken[0]} is taken: choose others with --port")
    if options.data_dir.exists() and any(options.data_dir.iterdir()):
        raise Conflict("already-exists", f"{options.data_dir} holds something: a rehearsal begins empty")
    logs.configure("rehearsal", "warning")
    with held(options.data_dir):
        async with stop_on_signals() as stop:
            return await Rehearsal(options).run(stop)


class Rehearsal:
    """One day from loading the city to the report."""

    def __init__(self, options: Options) -> None:
        """Read the city's pack and the scenario; raise Invalid for one that is wrong."""
        self._options = options
        weather = {"STEPPE_WEATHER__FEED": str(self._weather_path), "STEPPE_WEATHER__EVERY_S": "30"}
        own = {**weather, **variables_of(options.data_dir, options.port), **own_secrets(options.data_dir)}
        settings = load({**process_environment(), **own})
        self._pack: CityPack = read_pack(settings.city.pack)
        self._scenario: Scenario = read_scenario(options.scenario or self._pack.folder / "winter-day.toml")
        self._window: Window = window_of(
            options.day, options.starts_at, options.hours, self._pack.city.time_zone
        )
        self._city = DemoTime(options.data_dir / "city-time.json", options.rate, self._window.begins)
        self._own = own
        self._samples: list[Sample] = []
        self._began_s = Clock.real().monotonic_s()

    async def run(self, stop: asyncio.Event) -> int:
        """Load, play the day, judge it, write the report."""
        variables = {**self._own, **self._city.variables()}
        settings = load({**process_environment(), **variables})
        plant = Plant(settings, variables, click.echo)
        noting = asyncio.create_task(self._city.run(stop))
        try:
            await plant.open()
            if await plant.command("city", "load", settings.city.pack, stop=stop) != 0 or stop.is_set():
                return 2
            issued = read_issued(self._options.data_dir)
            assert issued is not None, "the load has just written it"
            script = script_of(self._scenario, self._window, issued)
            self._script_path.write_bytes(msgspec.json.encode(script))
            codes = [district.code for district in self._pack.districts]
            told = weather_of(self._scenario, self._window, codes)
            self._weather_path.write_bytes(msgspec.json.encode(told))
            self._city.begin()
            plant.environment |= self._city.variables()
            return await self._play(plant, issued, stop)
        finally:
            stop.set()
            await noting
            await plant.close()

    async def _play(self, plant: Plant, issued: Issued, stop: asyncio.Event) -> int:
        night = asyncio.Event()
        running = asyncio.create_task(plant.run(night, [*PROCESSES, self._simulator()]))
        try:
            if not await is_ready(f"http://127.0.0.1:{self._options.port}", stop):
                return 2
            async with AsyncExitStack() as stack:
                settings = load(plant.environment)
                resources = await stack.enter_async_context(open_resources(settings))
                heard = last_heard(resources)
                await self._watch(resources, heard, self._window.ends, stop)
                await self._settle(resources, heard, stop)
                if stop.is_set():
                    return 2
                return await self._finish(resources, heard, issued)
        finally:
            night.set()
            await running

    async def _watch(
        self, resources: Resources, heard: LastHeardReader, until: datetime, stop: asyncio.Event
    ) -> None:
        due = said = self._window.begins
        while not stop.is_set() and (now := self._city.now()) < until:
            if now >= due:
                due = now + SAMPLE_EVERY
                sample = await self._sampled(resources, heard, now)
                if sample is not None and now >= said:
                    said = now + SAY_EVERY
                    click.echo(self._line(sample))
            await _pause(stop)

    async def _settle(self, resources: Resources, heard: LastHeardReader, stop: asyncio.Event) -> None:
        """Nobody orders any more; wait until what is under way is over, or long enough."""
        limit = self._window.ends + SETTLES_WITHIN
        while not stop.is_set() and self._city.now() < limit:
            if await left_of(resources.database, self._window.ends, self._window.days_over()) == 0:
                break
            await self._watch(resources, heard, min(limit, self._city.now() + SAMPLE_EVERY), stop)

    async def _sampled(self, resources: Resources, heard: LastHeardReader, now: datetime) -> Sample | None:
        try:
            sample = await take_sample(resources.database, heard, now)
        except Unavailable as error:
            click.echo(f"no look at {now:%H:%M} UTC: {error}", err=True)
            return None
        self._samples.append(sample)
        with (self._options.data_dir / "samples.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(sample) + b"\n")
        return sample

    async def _finish(self, resources: Resources, heard: LastHeardReader, issued: Issued) -> int:
        end = await read_end(resources.database, heard, self._window, self._city.now())
        checks = judge(end)
        path = self._write(end, checks, issued)
        for check in checks:
            click.echo(f"  {'✓' if check.is_met else '✗'} {check.name}: {check.found}")
        click.echo(f"report: {path}")
        return 0 if all(check.is_met for check in checks) else 1

    def _write(self, end: Ended, checks: tuple[Check, ...], issued: Issued) -> Path:
        day = Day(
            name_zh=self._scenario.name_zh,
            name_en=self._scenario.name_en,
            begins=self._window.begins,
            ends=self._window.ends,
            seed=self._options.seed,
            rate=self._options.rate,
            vehicles=min(self._options.vehicles, len(issued.vehicles)),
            wall_s=Clock.real().monotonic_s() - self._began_s,
        )
        folder = self._options.data_dir / "report"
        folder.mkdir(exist_ok=True)
        numbers = {"day": day, "checks": checks}
        (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(numbers), indent=1))
        path = folder / "index.html"
        path.write_text(page(day, self._samples, end, checks), encoding="utf-8")
        shutil.copy(self._script_path, folder / "script.json")
        return path

    def _line(self, sample: Sample) -> str:
        local = sample.at.astimezone(self._window.begins.tzinfo)
        parts = [f"{count} {state}" for state, count in sorted(sample.orders.items())]
        working = ", ".join(f"{count} {kind}" for kind, count in sorted(sample.working.items())) or "nobody"
        air = "" if sample.outside_c is None else f"; {sample.outside_c:.0f} °C"
        return f"{local:%H:%M}  orders: {', '.join(parts) or 'none'}; working: {working}{air}"

    @property
    def _script_path(self) -> Path:
        return self._options.data_dir / "script.json"

    @property
    def _weather_path(self) -> Path:
        return self._options.data_dir.absolute() / "weather.json"

    def _simulator(self) -> ChildSpec:
        options, folder = self._options, self._options.data_dir
        words = [
            "simulate",
            *(f"--part={part}" for part in PARTS),
            f"--vehicles={options.vehicles}",
            f"--seed={options.seed}",
            f"--issued={folder / 'issued.json'}",
            f"--gateway=http://127.0.0.1:{options.port + 10}",
            f"--api=http://127.0.0.1:{options.port}",
            f"--keypad-port={options.port + 30}",
            f"--orders-per-day={self._scenario.orders_per_day:g}",
            f"--script={self._script_path}",
        ]
        return ChildSpec(name="simulator", words=words)


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
    except TimeoutError:
        return
