"""``steppe history``: asking, exporting, checking and keeping the history of positions from a shell."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Reach
from core.clock import moment_of_ms, ms_of_moment
from core.database import Database
from core.errors import Invalid
from core.redis import connect_streams
from core.settings import Settings, load, process_environment
from dashboard.schemas.history import gap_view, summary_view
from fleet.history.check import check
from fleet.history.exports import ExportFormat
from fleet.history.files import RawFiles
from fleet.history.keeper import HistoryKeeper
from fleet.history.layout import POSITIONS
from fleet.history.replay import Replay
from fleet.history.spans import HOUR_MS, Span, span_of
from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8
from fleet.live.mirror import Box
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import CONTROL_MODES
from steppe.processes.archiver import keeping_of
from steppe.resources import clock_of
from steppe.running import holder_of

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
FROM = click.option("--from", "since", help="City time, ISO 8601; left out: an hour before the end.")
TO = click.option("--to", "until", help="City time, ISO 8601; left out: the end of what history holds.")
BOX = click.option("--bbox", help="west,south,east,north in degrees.")


@click.group()
def history() -> None:
    """Where vehicles were: replay, export, check, compact."""


@history.command("replay")
@click.argument("vehicle_no", type=click.IntRange(1))
@FROM
@TO
@click.option("--points", type=click.IntRange(2), default=90_000, show_default=True, help="At most so many.")
@AS_JSON
def history_replay(vehicle_no: int, since: str | None, until: str | None, points: int, as_json: bool) -> None:
    """Every position of one vehicle, with its gaps."""

    async def work(desk: _Desk) -> None:
        span = desk.span(since, until)
        found = await desk.replay.vehicle(EVERYTHING, vehicle_no, span, points=points)
        if as_json:
            said: dict[str, Any] = {"vehicleNo": vehicle_no, "fromMs": span.from_ms, "toMs": span.to_ms}
            said |= {"level": found.level, "isCut": found.is_cut}
            gaps = msgspec.to_builtins([gap_view(gap) for gap in found.gaps])
            said |= {"gaps": gaps, "points": list(_points(found.positions))}
            click.echo(json.dumps(said))
            return
        for point in _points(found.positions):
            click.echo(
                f"{point['measuredAt']}  {point['lat']:.7f} {point['lng']:.7f}  {point['speedMps']:5.2f} m/s"
                f"  {point['headingDeg']:5.1f}°  {point['controlMode']}"
            )
        for gap in found.gaps:
            click.echo(f"silent: {_iso(gap.from_ms)} to {_iso(gap.to_ms)}", err=True)

    _at_desk(work)


@history.command("at")
@click.argument("moment")
@BOX
@AS_JSON
def history_at(moment: str, bbox: str | None, as_json: bool) -> None:
    """Where every vehicle was at MOMENT (city time, ISO 8601)."""

    async def work(desk: _Desk) -> None:
        found = await desk.replay.city_at(EVERYTHING, desk.ms(moment), _box(bbox))
        if as_json:
            click.echo(json.dumps({"atMs": desk.ms(moment), "vehicles": list(_points(found))}))
            return
        for point in _points(found):
            click.echo(
                f"{point['vehicleNo']:>8}  {point['lat']:.7f} {point['lng']:.7f}  {point['measuredAt']}"
            )
        click.echo(f"{len(found)} vehicles", err=True)

    _at_desk(work)


@history.command("summary")
@click.argument("vehicles", type=click.IntRange(1), nargs=-1, required=True)
@FROM
@TO
@AS_JSON
def history_summary(vehicles: tuple[int, ...], since: str | None, until: str | None, as_json: bool) -> None:
    """What VEHICLES did: distance, moving, stops, idle, silence."""

    async def work(desk: _Desk) -> None:
        found = await desk.replay.summaries(EVERYTHING, desk.span(since, until), vehicles=vehicles)
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins([summary_view(one) for one in found])))
            return
        for one in found:
            click.echo(
                f"{one.vehicle_no:>8}  {one.distance_m / 1000:8.2f} km  moving {one.moving_s / 60:7.1f} min"
                f"  {one.stops} stops {one.stopped_s / 60:.1f} min  idle {one.idle_s / 60:.1f} min"
                f"  silent {one.silent_s / 60:.1f} min"
            )

    _at_desk(work)


@history.command("export")
@click.option("--format", "as_", type=click.Choice([f.value for f in ExportFormat]), default="csv")
@click.option("--vehicle", "vehicles", type=click.IntRange(1), multiple=True, help="May come several times.")
@BOX
@FROM
@TO
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Left out: standard output.")
@click.option("--reason", required=True, help="Why; it stands in the audit.")
def history_export(
    as_: str,
    vehicles: tuple[int, ...],
    bbox: str | None,
    since: str | None,
    until: str | None,
    output: Path | None,
    reason: str,
) -> None:
    """Write positions as CSV, GeoJSON or GPX, on record."""

    async def work(desk: _Desk) -> None:
        span = desk.span(since, until)
        pieces = desk.replay.exported(
            EVERYTHING, ExportFormat(as_), span, vehicles=vehicles or None, box=_box(bbox)
        )
        about = {"format": as_, "fromMs": span.from_ms, "toMs": span.to_ms, "vehicles": list(vehicles)}
        await desk.record(about | {"bbox": bbox}, reason)
        out = click.open_file("-", "w") if output is None else output.open("w")
        written = 0
        with out:
            async for text in pieces:
                written += out.write(text)
                if output is not None:
                    click.echo(f"\r{written / 1e6:,.1f} MB", nl=False, err=True)
        if output is not None:
            click.echo(f"\r{output}: {written / 1e6:,.1f} MB", err=True)

    _at_desk(work)


@history.command("check")
@AS_JSON
def history_check(as_json: bool) -> None:
    """Prove from the files that no position is missing or twice.

    Reads everything back; names the first gap; exit code 1 when something is wrong.
    """
    settings = load(process_environment())

    def say(done: int, of: int) -> None:
        click.echo(f"\rhour {done} of {of}", nl=done == of, err=True)

    report = check(settings.data_dir / "history", say=say)
    if as_json:
        click.echo(json.dumps({"isSound": report.is_sound, **msgspec.to_builtins(report)}))
    else:
        for line in _lines(msgspec.to_builtins(report)):
            click.echo(line)
    raise SystemExit(0 if report.is_sound else 1)


@history.command("compact")
@AS_JSON
def history_compact(as_json: bool) -> None:
    """Write the hours that are due now and keep them as the settings say.

    The archiver process does the same by itself every 20 seconds.
    """

    async def work() -> None:
        settings = load(process_environment())
        async with _database(settings) as database:
            keeper = HistoryKeeper(
                database,
                clock_of(settings),
                settings.data_dir / "history",
                keeping_of(settings.history),
                name=holder_of("history-compact"),
                say=lambda line: click.echo(line, err=True),
            )
            done = await keeper.turn()
        if done is None:
            raise click.ClickException(
                "another keeper is at work on this history: most likely the archiver's"
            )
        said = msgspec.to_builtins(done)
        click.echo(json.dumps(said) if as_json else "\n".join(_lines(said)))

    asyncio.run(work())


class _Desk:
    """What the commands work with."""

    def __init__(self, settings: Settings, replay: Replay) -> None:
        self._settings = settings
        self.replay = replay
        self._zone = ZoneInfo(settings.city.zone)

    def ms(self, text: str) -> int:
        """Return a moment; one without a zone is in the city's."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Invalid(
                "time-out-of-range", f"{text!r} is no time in ISO 8601, such as 2026-07-01T10:00:00"
            ) from None
        return ms_of_moment(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))

    def span(self, since: str | None, until: str | None) -> Span:
        to_ms = self._end_ms() if until is None else self.ms(until)
        return span_of(to_ms - HOUR_MS if since is None else self.ms(since), to_ms)

    def _end_ms(self) -> int:
        files = RawFiles.all(self._settings.data_dir / "history" / POSITIONS.name)
        now_ms = clock_of(self._settings).now_ms()
        return min(now_ms, max((file.newest_ms for file in files), default=now_ms))

    async def record(self, about: dict[str, Any], reason: str) -> None:
        """Put an export on record before it begins."""
        async with _database(self._settings) as database, database.write() as tx:
            at = clock_of(self._settings).now()
            await audit.record(tx, None, "history.exported", "history:positions", about, reason, at=at)


def _at_desk(work: Callable[[_Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        settings = load(process_environment())
        url = settings.redis.streams_url or settings.redis.url
        if url is None:
            click.echo("STEPPE_REDIS__URL is not set: seconds that are in no file yet are left out", err=True)
        streams = None if url is None else connect_streams(url)
        replay = Replay(
            streams,
            clock_of(settings),
            settings.data_dir / "history",
            _everybody,
            partitions=settings.tracker.partitions,
        )
        try:
            await work(_Desk(settings, replay))
        finally:
            if streams is not None:
                await streams.aclose()

    asyncio.run(run())


async def _everybody(_reach: Reach) -> None:
    """Say that whoever has this shell is kept from nothing."""


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return Box(west, south, east, north)
    except ValueError as error:
        raise Invalid("invalid-input", f"--bbox is west,south,east,north in degrees: {error}") from None


def _points(records: Records) -> Iterator[dict[str, Any]]:
    for record in records:
        battery, accuracy = int(record["battery_200"]), int(record["accuracy_dm"])
        yield {
            "vehicleNo": int(record["vehicle_no"]),
            "measuredAt": _iso(int(record["measured_ms"])),
            "lat": round(int(record["lat_e7"]) * 1e-7, 7),
            "lng": round(int(record["lng_e7"]) * 1e-7, 7),
            "speedMps": int(record["speed_cm_s"]) / 100,
            "headingDeg": int(record["heading_256"]) * 360 / 256,
            "batteryRatio": None if battery == UNKNOWN_U8 else battery / 200,
            "controlMode": CONTROL_MODES[int(record["mode_flags"]) & MODE_MASK].value,
            "accuracyM": None if accuracy == UNKNOWN_U8 else accuracy / 10,
        }


def _iso(ms: int) -> str:
    return moment_of_ms(ms).isoformat(timespec="milliseconds")


def _lines(said: dict[str, Any]) -> list[str]:
    return [f"{name}: {value}" for name, value in said.items() if value not in ((), [], {}, None)]
