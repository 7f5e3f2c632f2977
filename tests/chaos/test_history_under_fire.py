"""Gateway, archiver and keeper killed between any two steps: accepted = stored + thinned + shed.

36 links send the positions of parked vehicles, 5 s apart, hour after hour of the past; an archiver writes a
file a second, a keeper writes each hour as soon as its files stand. They are killed by a plan drawn from a
seed, also between the renames. When all is durable the hours have grown old: a keeper that is killed at each
of its steps thins them. At the end `steppe history check` finds no fault, and what was accepted stands in the
history once or was removed by a named rule. Two mutants (an archiver that says durable before its file
stands, a keeper that removes what it has read before it stands elsewhere) must be caught.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steppe.tables
from core.clock import Clock
from core.database import Database
from core.settings import child_environment
from core.valkey import EmbeddedValkey
from fleet.history.hourly import HourFiles
from fleet.history.layout import POSITIONS
from fleet.history.ledger import Level
from fleet.history.reading import History
from fleet.history.sweep import Selection, hour_head
from tests.chaos import nemesis
from tests.chaos.checker import Violation
from tests.chaos.keeper import ROOT, Keeper, Process
from tests.chaos.outcome import RESULTS, Run
from tests.chaos.streams.driving import Link
from tests.chaos.streams.judging import until
from tests.chaos.streams.world import EDGE_LAT, LNG, ways
from tests.integration.fleet.links.second_client import position, positions_frame
from tests.valkey_cluster import free_ports

TARGETS = ("gateway", "archiver", "keeper")
POINTS = {
    "archiver": ("before_rename", "after_rename"),
    "keeper": ("before_hour_rename", "after_hour_rename", "after_old_hour_removed", "after_raw_removed"),
}
THINNER_DIES = [
    nemesis.Fault(1.0 + 4.0 * order, "thinner", point, after)
    for order, (point, after) in enumerate(
        [("before_hour_rename", 1), ("after_hour_rename", 1), ("after_old_hour_removed", 1)]
    )
]
HOUR_MS, OF_AN_HOUR, APART_MS = 3_600_000, 4, 5_000
"""Positions of an hour: it passes in 2 s of the drive."""
HOURS_BACK = 400
SETTLE_S = 60.0
PROGRAM = (sys.executable, "-m", "tests.chaos.streams.process")

assert steppe.tables


class PastLink(Link):
    """A sender whose vehicles stood still long ago."""

    began_ms = 0

    def frame(self, seq: int) -> bytes:
        hours, nth = divmod(seq, OF_AN_HOUR)
        records = [position(number, seq, EDGE_LAT + 0.001, LNG) for number in self.way.vehicles]
        return positions_frame(seq, self.began_ms + hours * HOUR_MS + nth * APART_MS, *records)


@dataclass
class Scene:
    """Everything of a run."""

    keeper: Keeper
    links: list[PastLink]
    folder: Path
    environment: dict[str, str]


@asynccontextmanager
async def scene(folder: Path, mutants: Mapping[str, str]) -> AsyncIterator[Scene]:
    """Run the processes; ``mutants`` names the guard taken out of single ones."""
    url = f"sqlite+aiosqlite:///{folder / 'facts.sqlite3'}"
    database = await Database.open(url)
    await database.create_tables()
    await database.close()
    valkey = EmbeddedValkey(folder / "valkey", Clock.real())
    (port,) = free_ports(1)
    environment = child_environment(
        {
            "STEPPE_ENVIRONMENT": "test",
            "STEPPE_DATA_DIR": str(folder),
            "STEPPE_DATABASE__URL": url,
            "STEPPE_REDIS__URL": valkey.url,
            "PYTHONPATH": str(ROOT),
        }
    )
    keeper = Keeper(folder, environment, valkey)
    programs = {"archiver": "hurried-archiver", "keeper": "hurried-keeper", "tracker": "tracker"}
    await keeper.start(
        {"gateway": (*PROGRAM, "gateway", str(port))}
        | {name: (*PROGRAM, role) for name, role in programs.items()},
        {
            name: {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests/chaos/mutants" / mutant), str(ROOT)])}
            for name, mutant in mutants.items()
        },
    )
    links = [PastLink(way, f"ws://127.0.0.1:{port}/v1/link") for way in ways()]
    now_ms = round(time.time() * 1000)
    for link in links:
        link.began_ms = now_ms - now_ms % HOUR_MS - HOURS_BACK * HOUR_MS
    tasks = [asyncio.create_task(link.run()) for link in links]
    try:
        yield Scene(keeper, links, folder, dict(environment))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await keeper.stop()


async def checked(alive: Scene) -> dict[str, Any]:
    """Return what ``steppe history check`` says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "steppe", "history", "check", "--json", cwd=ROOT, env=alive.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert out, error.decode()[-1500:]
    found: dict[str, Any] = json.loads(out)
    return found


def kept(folder: Path) -> np.ndarray[Any, Any]:
    """Return (vehicle, seq) of everything that the history answers with, int64[n, 2]."""
    everything = Selection(from_ms=0, to_ms=round(time.time() * 1000) + HOUR_MS)
    pieces = list(History(folder / "history").read(everything))
    return np.concatenate(
        [np.column_stack((p["vehicle_no"].astype(np.int64), p["seq"].astype(np.int64))) for p in pieces]
    )


def judged(links: Sequence[Link], rows: np.ndarray[Any, Any], report: dict[str, Any]) -> list[Violation]:
    """Hold the account and the rows against what the vehicles were told."""
    accepted = sum(link.accepted_seq * len(link.way.vehicles) for link in links)
    totals = report["totals"]
    removed, shed = sum(report["removed"].values()), sum(totals["shed"].values())
    last = {number: link.seq for link in links for number in link.way.vehicles}
    found = [Violation(10, complaint) for complaint in report["complaints"]]
    if len(rows) + removed + shed != accepted:
        found.append(
            Violation(10, f"accepted {accepted}, but {len(rows)} kept + {removed} thinned + {shed} shed")
        )
    if twice := len(rows) - len(np.unique(rows, axis=0)):
        found.append(Violation(10, f"{twice} positions are there twice"))
    if foreign := sum(not 1 <= seq <= last.get(number, 0) for number, seq in rows.tolist()):
        found.append(Violation(10, f"{foreign} positions were never sent"))
    return found


async def grown_old(alive: Scene) -> None:
    """Let every hour be thinned by a keeper that dies at each of its steps, then by one that lives."""
    await alive.keeper.processes["keeper"].leave_dead()
    thinner = Process(
        "thinner", (*PROGRAM, "hurried-thinner"), alive.environment, alive.folder / "thinner.log"
    )
    alive.keeper.processes["thinner"] = thinner
    thinner.start()
    await nemesis.execute(THINNER_DIES, alive.keeper)
    hours = HourFiles(alive.folder / "history", POSITIONS)

    def is_thin() -> bool:
        try:
            return all(hour_head(file.path)[0].level is Level.THINNED for file in hours.newest().values())
        except FileNotFoundError:
            return False

    await until(is_thin, SETTLE_S, "every hour is thinned")


async def hunted(folder: Path, faults: list[nemesis.Fault], mutants: Mapping[str, str] | None = None) -> Run:
    async with scene(folder, mutants or {}) as alive:
        links = alive.links
        await until(lambda: all(link.durable_seq for link in links), 60.0, "everybody's first is on disk")
        await nemesis.execute(faults, alive.keeper)
        for link in links:
            link.is_driving = False
        began_s, unsettled = time.monotonic(), ""
        try:
            await until(lambda: all(link.is_settled for link in links), SETTLE_S, "all is durable")
        except TimeoutError as error:
            unsettled = str(error)
        settled_s = time.monotonic() - began_s
        if not mutants:
            await grown_old(alive)
        deaths = alive.keeper.deaths()
        await alive.keeper.stop()
        report = await checked(alive)
        rows = await asyncio.to_thread(kept, folder)
    violations = judged(links, rows, report) + ([Violation(10, unsettled)] if unsettled else [])
    accepted = sum(link.accepted_seq * len(link.way.vehicles) for link in links)
    notes = (
        f"{len(rows)} kept, thinned {report['removed']}, shed {report['totals']['shed']}, "
        f"{report['totals']['again']} came again, {report['hours']} hours, {report['raw_files']} raw files"
    )
    return Run(violations, accepted, deaths, settled_s, notes).told()


async def survived(folder: Path, results: Path, seed: int, duration_s: float) -> None:
    faults = nemesis.plan(seed, duration_s, TARGETS, POINTS, pause_s=(2.0, 5.0))
    result = (await hunted(folder, faults)).kept(results, f"history-seed-{seed}")
    assert result.violations == [], str(result)
    assert "thinned-1" in result.notes, f"nothing was thinned, so little was tried: {result}"
    assert sum(result.deaths.values()) >= len(faults) / 2


@pytest.mark.chaos_short
async def test_accepted_is_stored_or_thinned_whoever_is_killed(tmp_path: Path) -> None:
    await survived(tmp_path, tmp_path, 20260701, 12)


@pytest.mark.parametrize(
    ("target", "mutant", "point"),
    [
        pytest.param(
            *("archiver", "durable_before_rename", "before_rename"),
            id="durable before it stands",
            marks=pytest.mark.chaos_long,
        ),
        pytest.param(
            *("keeper", "raw_removed_first", "before_hour_rename"),
            id="removed before it stands elsewhere",
            marks=pytest.mark.chaos_long,
        ),
    ],
)
async def test_a_mutant_is_caught(tmp_path: Path, target: str, mutant: str, point: str) -> None:
    faults = [nemesis.Fault(3.0 + 15.0 * order, target, point) for order in range(2)]
    result = await hunted(tmp_path, [*faults, nemesis.Fault(33.0, target)], {target: mutant})
    assert result.deaths[target] > len(faults) + 1, f"nobody died at {point}: {result}"
    assert any("accepted" in violation.what for violation in result.violations), str(result)


@pytest.mark.chaos_long
@pytest.mark.parametrize("seed", range(4))
async def test_accepted_is_stored_or_thinned_for_long(tmp_path: Path, seed: int) -> None:
    await survived(tmp_path, RESULTS, seed, 120)
