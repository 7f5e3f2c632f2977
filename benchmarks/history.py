"""History: what an hour costs to write and to ask. ``python -m benchmarks.history [--vehicles N]``.

Makes a synthetic hour (driving and parked vehicles, 1 Hz) as the archiver writes it, compacts it, and
measures bytes a position, one vehicle, an area, the whole city at a moment and an export. Each question is
given with the least wall time and the CPU time of that run. Writes benchmarks/results/history.json.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow

from core.auth.principal import EVERYTHING, Reach
from core.clock import Clock
from fleet.history.check import check
from fleet.history.compact import Compactor
from fleet.history.exports import ExportFormat
from fleet.history.files import RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import HOUR_MS
from fleet.history.layout import POSITIONS
from fleet.history.moment import MOMENT, city_at
from fleet.history.protection import NOTHING
from fleet.history.replay import Replay
from fleet.history.spans import Span
from fleet.history.thinning import RULE, thinned
from fleet.live.mirror import Box
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records

RESULT = Path(__file__).parent / "results" / "history.json"
T0 = 500_000 * HOUR_MS
FLUSH_S = 5
SILENCE_MS = 60_000
DAY_VEHICLES = 50
DAY_ASKED = 100


class Drive:
    """A fleet of which four in ten are parked; receivers tremble by a decimetre."""

    def __init__(self, vehicles: int, seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        self.vehicles = vehicles
        self.speed = self.random.uniform(0, 8, vehicles)
        self.is_parked = self.random.random(vehicles) < 0.4
        self.heading = self.random.uniform(0, 2 * np.pi, vehicles)
        self.lat = 39.6 + self.random.normal(0, 0.03, vehicles)
        self.lng = 109.8 + self.random.normal(0, 0.03, vehicles)
        self.offset_ms = self.random.integers(0, 1000, vehicles)

    def second(self, number: int) -> Records:
        """Drive for a second and return everybody's position."""
        count, random = self.vehicles, self.random
        self.speed = np.where(self.is_parked, 0, np.clip(self.speed + random.normal(0, 0.3, count), 0, 9))
        self.heading += np.where(self.is_parked, 0, random.normal(0, 0.05, count))
        self.lat += self.speed * np.cos(self.heading) / 111_195
        self.lng += self.speed * np.sin(self.heading) / 85_700
        records = np.zeros(count, STREAM_POSITION)
        records["vehicle_no"] = np.arange(1, count + 1)
        records["seq"] = number + 1
        records["measured_ms"] = T0 + number * 1000 + self.offset_ms
        records["lat_e7"] = np.round((self.lat + random.normal(0, 1e-6, count)) * 1e7)
        records["lng_e7"] = np.round((self.lng + random.normal(0, 1e-6, count)) * 1e7)
        records["speed_cm_s"] = self.speed * 100
        records["heading_256"] = (self.heading * 256 / (2 * np.pi)) % 256
        records["battery_200"] = 160
        records["accuracy_dm"] = random.integers(8, 20, count)
        return records


def write_raw(folder: Path, vehicles: int, seconds: int, flush_s: int = FLUSH_S) -> dict[str, float]:
    """Write raw files as the archiver does; return CPU a million positions and bytes a position."""
    files, drive = RawFiles(folder), Drive(vehicles)
    files.prepare()
    cpu_s = 0.0
    for start in range(0, seconds, flush_s):
        batch = np.concatenate([drive.second(start + second) for second in range(flush_s)])
        began = time.process_time()
        received_ms = batch["measured_ms"] + drive.random.integers(20, 120, len(batch))
        closed_ms = T0 + (start + flush_s) * 1000 + 1000
        nothing = np.zeros(0, STREAM_STATUS)
        files.write(batch, received_ms, nothing, {0: f"{closed_ms}-0"}, closed_ms)
        cpu_s += time.process_time() - began
    return {
        "cpu_s_per_million": cpu_s / (vehicles * seconds) * 1e6,
        "bytes_a_position": _bytes(files.positions, vehicles * seconds),
    }


def _bytes(folder: Path, positions: int) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / positions


def compacted(folder: Path, positions: int) -> dict[str, float]:
    """Compact what there is; return CPU a million positions, wall seconds, bytes a position."""
    compactor = Compactor(folder, POSITIONS)
    began, cpu = time.perf_counter(), time.process_time()
    for hour, raw in compactor.due(T0 + 3 * HOUR_MS, 900_000).items():
        compactor.write(hour, raw)
    compactor.tidy()
    return {
        "wall_s": time.perf_counter() - began,
        "cpu_s_per_million": (time.process_time() - cpu) / positions * 1e6,
        "bytes_a_position": _bytes(compactor.hours.root, positions),
    }


def thinned_hour(folder: Path, positions: int) -> dict[str, float]:
    """Thin the oldest hour; return what is left of it."""
    compactor = Compactor(folder, POSITIONS)
    hour = min(compactor.hours.newest())
    before = compactor.hours.newest()[hour].path.stat().st_size
    cpu = time.process_time()
    written = compactor.write(hour, (), rules={RULE: lambda rows: thinned(rows, NOTHING.holds(rows))})
    return {
        "cpu_s_per_million": (time.process_time() - cpu) / positions * 1e6,
        "kept_of_positions": written.ledger.stored / positions,
        "kept_of_bytes": written.bytes / before,
    }


async def everybody(_reach: Reach) -> None:
    """Leave nobody out."""


def best(work: Callable[[], Any], times: int = 5) -> dict[str, float]:
    """Return the shortest of some runs, wall and CPU milliseconds: the machine is shared."""
    found = []
    for _ in range(times):
        began, cpu = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - began, time.process_time() - cpu))
    wall_s, cpu_s = min(found)
    return {"wall_ms": wall_s * 1000, "cpu_ms": cpu_s * 1000}


def asked(folder: Path, vehicles: int, seconds: int) -> dict[str, dict[str, float]]:
    """Ask the hour what people ask."""
    replay = Replay(None, Clock.real(), folder, everybody, partitions=32)
    whole = Span(from_ms=T0, to_ms=T0 + seconds * 1000)
    window = Span(from_ms=T0 + 60_000, to_ms=T0 + 120_000)
    side = 0.02 * min(1.0, (20_000 / vehicles) ** 0.5)
    box = Box(109.8 - side / 2, 39.6 - side / 2, 109.8 + side / 2, 39.6 + side / 2)
    nothing = np.zeros(0, MOMENT)
    numbers = iter(range(7, vehicles, max(1, vehicles // 50)))

    def run(question: Any) -> Any:
        return asyncio.run(question)

    at_ms = T0 + min(seconds, 240) * 1000
    exact = city_at(folder, at_ms, SILENCE_MS, tail=nothing)
    if len(exact) != vehicles:
        raise SystemExit(f"{len(exact)} of {vehicles} vehicles at a moment")
    return {
        "one_vehicle": best(lambda: run(replay.vehicle(EVERYTHING, next(numbers), whole))),
        "one_vehicle_summary": best(
            lambda: run(replay.summaries(EVERYTHING, whole, vehicles=[next(numbers)]))
        ),
        "area_of_a_minute": best(lambda: run(replay.area(EVERYTHING, window, box))),
        "city_at_a_moment": best(lambda: city_at(folder, at_ms, SILENCE_MS, tail=nothing)),
        "city_shortly_after_a_block_began": best(
            lambda: city_at(folder, T0 + 305_000, SILENCE_MS, tail=nothing)
        ),
    }


async def export_rate(folder: Path) -> float:
    """Return positions a second that leave as CSV."""
    replay = Replay(None, Clock.real(), folder, everybody, partitions=32)
    span, lines = Span(from_ms=T0, to_ms=T0 + 20_000), 0
    began = time.perf_counter()
    async for text in replay.exported(EVERYTHING, ExportFormat.CSV, span, box=Box(100, 30, 120, 50)):
        lines += text.count("\n")
    return lines / (time.perf_counter() - began)


def measured(vehicles: int, minutes: int, folder: Path) -> dict[str, Any]:
    """Measure one size."""
    seconds = minutes * 60
    positions = vehicles * seconds
    raw = write_raw(folder, vehicles, seconds)
    raw_city = best(lambda: city_at(folder, T0 + 240_000, SILENCE_MS, tail=np.zeros(0, MOMENT)), times=2)
    hours = compacted(folder, positions)
    report = check(folder)
    if not report.is_sound or report.read_back != positions:
        raise SystemExit(f"the check complains: {report}")
    return {
        "vehicles": vehicles,
        "minutes": minutes,
        "positions": positions,
        "raw": {**raw, "city_at_a_moment": raw_city},
        "compaction": hours,
        "questions": asked(folder, vehicles, seconds),
        "csv_positions_per_s": asyncio.run(export_rate(folder)),
        "thinning": thinned_hour(folder, positions) if len(HourFiles(folder, POSITIONS).newest()) else {},
    }


def whole_day(folder: Path, vehicles: int = DAY_VEHICLES) -> dict[str, Any]:
    """Write a day of some vehicles, compact it, and ask for 86,400 positions of one, many times."""
    seconds = 86_400
    write_raw(folder, vehicles, seconds, flush_s=600)
    compactor = Compactor(folder, POSITIONS)
    for hour, raw in compactor.due(T0 + 30 * HOUR_MS, 900_000).items():
        compactor.write(hour, raw)
    compactor.tidy()
    replay = Replay(None, Clock.real(), folder, everybody, partitions=32)
    day = Span(from_ms=T0, to_ms=T0 + seconds * 1000)
    took_ms = []
    for nth in range(DAY_ASKED):
        began = time.perf_counter()
        found = asyncio.run(replay.vehicle(EVERYTHING, 1 + nth % vehicles, day, points=90_000))
        took_ms.append((time.perf_counter() - began) * 1000)
        if found.is_cut or len(found.positions) < seconds - 1:
            raise SystemExit(f"{len(found.positions)} of {seconds} positions of a day")
    return {
        "vehicles": vehicles,
        "positions_of_one": seconds,
        "asked": DAY_ASKED,
        "p50_ms": float(np.percentile(took_ms, 50)),
        "p99_ms": float(np.percentile(took_ms, 99)),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _day() -> Any:
    with tempfile.TemporaryDirectory(prefix="steppe-history-") as folder:
        found = _rounded(whole_day(Path(folder)))
    print(json.dumps(found, indent=2))
    return found


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, nargs="+", default=[20_000])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--day", action="store_true", help="only one vehicle's whole day; keeps the rest")
    wanted = parser.parse_args()
    if wanted.day:
        kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        RESULT.write_text(json.dumps(kept | {"day": _day()}, indent=2) + "\n")
        return
    rows = []
    for vehicles in wanted.vehicles:
        folder = Path(tempfile.mkdtemp(prefix="steppe-history-"))
        try:
            rows.append(_rounded(measured(vehicles, wanted.minutes, folder)))
        finally:
            shutil.rmtree(folder)
        print(json.dumps(rows[-1], indent=2))
    result = {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {"pyarrow": pyarrow.__version__, "numpy": np.__version__, "duckdb": duckdb.__version__},
        "load_average": os.getloadavg()[0],
        "rows": rows,
        "day": json.loads(RESULT.read_text()).get("day") if RESULT.exists() else None,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
