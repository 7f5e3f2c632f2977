"""One run: a world's servers and its load, what they took of the machine, and what that is held against.

Server CPU is user + system time out of /proc of every server process, the load in its own row; memory is PSS.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from core.clock import Clock
from fleet.telemetry.tracker import TrackerSettingsOf
from steppe.bench.machine import Busy, calibration_ms, cpu_s, description, memory_mb
from steppe.bench.scrape import Samples, above, buckets, labelled, percentile, rise, scraped
from steppe.bench.servers_started import SERVERS, BenchError, Started
from steppe.bench.targets import BUSY_MOST, target_of, verdicts
from steppe.bench.world import World

ONE_MEMORY_OF: Final = 30
"""Samples of memory that a run keeps."""
TICK: Final = "steppe_tracker_tick_seconds"
SLOW: Final = "steppe_tracker_slow_ticks_total"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a display shows while a run goes on."""

    phase: str
    elapsed_s: float = 0.0
    of_s: float = 0.0
    links: int = 0
    positions_per_s: float = 0.0
    p99_ms: float = 0.0
    core_share: Mapping[str, float] = {}
    memory_mb: Mapping[str, float] = {}
    busy_share: float = 0.0


type Watch = Callable[[Progress], None]


class Reading(msgspec.Struct):
    """What the machine and the servers said at a moment."""

    at_s: float
    cpu: dict[str, float]
    busy: Busy
    metrics: dict[str, Samples]


class Run:
    """One world, measured once."""

    def __init__(self, world: World, folder: Path, watch: Watch, *, profiled: str = "") -> None:
        self._clock = Clock.real()
        self._folder = folder
        self._watch = watch
        self._world = world
        self._profiled = profiled
        self._memory: list[dict[str, float]] = []
        self._is_settled = True

    def result(self) -> dict[str, Any]:
        """Start everything, measure, stop, return the result. Raises BenchError."""
        at = self._clock.wall().isoformat(timespec="seconds")
        machine = description()
        calibration = [calibration_ms()]
        self._watch(Progress(phase="starting"))
        with Started(self._world, self._folder, SERVERS, self._profiled) as started:
            with started.load() as load:
                try:
                    before, after, seen = self._follow(started, load)
                finally:
                    load.kill()
            self._watch(Progress(phase="stopping"))
        calibration.append(calibration_ms())
        found = {"at": at, "machine": machine, "calibrationMs": calibration, "world": _described(self._world)}
        return found | self._figures(before, after, seen)

    def _follow(
        self, started: Started, load: subprocess.Popen[bytes]
    ) -> tuple[Reading, Reading, dict[str, Any]]:
        pids = {name: process.pid for name, process in started.processes.items()} | {"load": load.pid}
        ports = started.world.metrics
        before = after = None
        for line in load.stdout or ():
            said = json.loads(line)
            started.must_live()
            match said["type"]:
                case "opening":
                    self._watch(Progress(phase="opening links", links=said["links"]))
                case "settling":
                    self._watch(Progress(phase=f"settling: {said['facts']:.0f} facts wait for SQL"))
                case "unsettled":
                    self._is_settled = False
                case "measuring":
                    before = self._read(pids, ports)
                case "progress" if before is not None:
                    self._show(said, before, pids)
                case "measured":
                    after = self._read(pids, ports)
                case "result" if before is not None and after is not None:
                    self._memory.append(self._memory_of(pids))
                    return before, after, said
        raise BenchError(f"the load ended too early: {started.last_words('load')}")

    def _read(self, pids: Mapping[str, int], ports: Mapping[str, int]) -> Reading:
        return Reading(
            at_s=self._clock.monotonic_s(),
            cpu={name: cpu_s(pid) for name, pid in pids.items()},
            busy=Busy.read(),
            metrics={name: scraped(port) for name, port in ports.items()},
        )

    def _memory_of(self, pids: Mapping[str, int]) -> dict[str, float]:
        return {name: memory_mb(pid) for name, pid in pids.items() if name != "load"}

    def _show(self, said: dict[str, Any], before: Reading, pids: Mapping[str, int]) -> None:
        elapsed_s = self._clock.monotonic_s() - before.at_s
        if elapsed_s >= len(self._memory) * self._world.measure_s / ONE_MEMORY_OF:
            self._memory.append(self._memory_of(pids))
        shares = {name: (cpu_s(pid) - before.cpu[name]) / elapsed_s for name, pid in pids.items()}
        self._watch(
            Progress(
                phase="measuring",
                elapsed_s=elapsed_s,
                of_s=self._world.measure_s,
                positions_per_s=said["sent"] / elapsed_s,
                p99_ms=said["p99_ms"],
                core_share=shares,
                memory_mb=self._memory[-1],
                busy_share=Busy.read().share_since(before.busy),
            )
        )

    def _figures(self, before: Reading, after: Reading, seen: dict[str, Any]) -> dict[str, Any]:
        took_s = after.at_s - before.at_s
        share = {name: round((after.cpu[name] - cpu) / took_s, 4) for name, cpu in before.cpu.items()}
        servers = round(sum(value for name, value in share.items() if name not in ("load", "archiver")), 4)
        memory = self._memory[-1]
        busy = after.busy.share_since(before.busy)
        found = {
            "serversCoreShare": servers,
            "archiverOfServers": round(share["archiver"] / servers, 3) if servers else 0.0,
            "p99Ms": seen["p99_ms"],
            "serversMb": _of_all(memory)["servers"],
            "valkeyMb": memory["valkey"],
        }
        judged = verdicts(target_of(self._world.vehicles, self._world.fences), found, busy_share=busy)
        return {
            "isSettled": self._is_settled,
            "measuredS": round(took_s, 1),
            "positionsPerS": round(seen["sent"] / took_s),
            "coreShare": share,
            "microsPerPosition": round(servers * took_s / max(1, seen["sent"]) * 1e6, 3),
            "archiverMicrosPerPosition": round(share["archiver"] * took_s / max(1, seen["sent"]) * 1e6, 3),
            **found,
            "memoryMb": memory,
            "memorySeriesMb": [_of_all(one) for one in self._memory],
            "machineBusyShare": busy,
            "isClientBound": busy >= BUSY_MOST,
            "latencyMs": {name: seen[f"{name}_ms"] for name in ("p50", "p90", "p99", "max")},
            "seenRatio": round(seen["seen"] / max(1, seen["sent"]), 4),
            "refused": seen["refused"],
            "durableMessages": seen["durable"],
            "lateSendsMs": seen["late_sends_ms"],
            "tracker": ticks_between(before.metrics["tracker"], after.metrics["tracker"]),
            "bars": judged,
            "isMet": all(bar["verdict"] in ("met", "stretch") for bar in judged.values()),
        }


def _of_all(memory: Mapping[str, float]) -> dict[str, float]:
    servers = round(sum(value for name, value in memory.items() if name != "valkey"), 1)
    return {"servers": servers, "valkey": memory["valkey"]}


def ticks_between(before: Samples, after: Samples) -> dict[str, Any]:
    """Return the tracker's own count of its ticks; the budget is the histogram's next bound over tick_ms."""
    counts = buckets(before, after, TICK)
    ticks = round(rise(before, after, f"{TICK}_count"))
    budget_s = next(bound for bound, _ in counts if bound >= TrackerSettingsOf().tick_ms / 1000)
    return {
        "ticks": ticks,
        "meanTickMs": round(rise(before, after, f"{TICK}_sum") / max(1, ticks) * 1000, 2),
        "p99TickMs": round(percentile(counts, 0.99) * 1000, 1),
        "budgetMs": round(budget_s * 1000, 1),
        "overBudget": above(counts, budget_s),
        "slowBy": labelled(before, after, SLOW),
        "lagS": after.get(("steppe_tracker_lag_seconds", ""), 0.0),
        "believed": round(rise(before, after, "steppe_tracker_positions_total")),
        "refused": round(rise(before, after, "steppe_positions_refused_total")),
    }


def _described(world: World) -> dict[str, Any]:
    return {
        "vehicles": world.vehicles,
        "hz": world.hz,
        "links": world.links,
        "framePositions": world.frame_positions,
        "singles": world.singles,
        "fences": world.fences,
        "dashboards": world.screens,
    }
