"""What was promised against what is there: history and crossings exactly once; how long it stood still."""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from sqlalchemy import func, select

from core.database import Database
from core.redis import Redis
from fleet.telemetry.facts import fence_events
from fleet.telemetry.records import read_live_message
from tests.chaos.checker import Violation
from tests.chaos.streams.driving import Link
from tests.chaos.streams.world import is_inside

SHORT = 20
"""An end of the drive so short may have been driven while nobody could take it: 10 s."""


class LiveWatch:
    """When each vehicle moved on the screens."""

    def __init__(self, plain: Redis) -> None:
        self._plain = plain
        self.moved: dict[int, list[float]] = defaultdict(list)

    async def run(self) -> None:
        async with self._plain.pubsub() as listener:
            await listener.psubscribe("room:*")
            async for message in listener.listen():
                if message["type"] != "pmessage":
                    continue
                _, _, _, records = read_live_message(message["data"])
                now_s = time.monotonic()
                for number in records["vehicle_no"].tolist():
                    self.moved[number].append(now_s)

    def stood(self, from_s: float, to_s: float) -> dict[int, float]:
        """Return the longest pause of every vehicle that began or ended within a span."""
        pauses = {}
        for number, times in self.moved.items():
            pairs = itertools.pairwise([*times, max(times[-1], to_s)])
            pauses[number] = max((b - a for a, b in pairs if b > from_s and a < to_s), default=0.0)
        return pauses


def accept_pauses(links: Iterable[Link], from_s: float, to_s: float) -> list[float]:
    """Return the longest pause of every link between two rises of `accepted` within a span."""
    return [
        max((b - a for (a, _), (b, _) in itertools.pairwise(link.told) if b > from_s and a < to_s), default=0)
        for link in links
    ]


def told_of(pauses: Iterable[float], longer_than_s: float = 2.0) -> dict[str, float]:
    """Return how many stood for longer than on a good day, for how long, and the others' longest pause."""
    pauses = list(pauses)
    long = sorted(pause for pause in pauses if pause > longer_than_s)
    short = [pause for pause in pauses if pause <= longer_than_s]
    return {
        "of": len(pauses),
        "stood": len(long),
        "median_s": round(median(long), 2) if long else 0.0,
        "most_s": round(long[-1], 2) if long else 0.0,
        "others_most_s": round(max(short, default=0.0), 2),
    }


def stored(folder: Path) -> Counter[tuple[int, int]]:
    """Count every (vehicle, seq) of the history."""
    found: Counter[tuple[int, int]] = Counter()
    for path in folder.rglob("*.parquet"):
        if "positions" in path.parts:
            table = pq.ParquetFile(path).read(columns=["vehicle_no", "seq"])
            found.update(
                zip(*(table.column(name).to_pylist() for name in ("vehicle_no", "seq")), strict=True)
            )
    return found


def judge_history(links: Iterable[Link], found: Counter[tuple[int, int]]) -> list[Violation]:
    """Every accepted (vehicle, seq) once; nothing twice."""
    lost = [
        Violation(10, f"vehicle {number} seq {seq} was accepted and is not in the history")
        for link in links
        for seq in range(1, link.accepted_seq + 1)
        for number in link.way.vehicles
        if not found[number, seq]
    ]
    twice = [
        Violation(10, f"vehicle {v} seq {seq} is stored {n} times") for (v, seq), n in found.items() if n > 1
    ]
    return lost + twice


async def judge_events(database: Database, links: Iterable[Link]) -> list[Violation]:
    """Each way into the fence and out of it is one event, whoever judged it."""
    columns = fence_events.c.vehicle_no, fence_events.c.kind, fence_events.c.seq
    async with database.read() as tx:
        rows = (await tx.execute(select(*columns))).all()
    of: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in rows:
        of[row.vehicle_no, row.kind].append(row.seq)
    return [
        violation
        for link in links
        for number in link.way.vehicles
        for violation in _events_of(number, link.seq, of[number, "enter"], of[number, "exit"])
    ]


async def crossings(database: Database) -> int:
    """Count the events of ways in and out."""
    asked = select(func.count()).where(fence_events.c.kind.in_(["enter", "exit"]))
    async with database.read() as tx:
        return int((await tx.execute(asked)).scalar_one())


def _events_of(number: int, last: int, enters: list[int], exits: list[int]) -> Iterable[Violation]:
    runs = itertools.groupby(range(1, last + 1), key=lambda seq: is_inside(number, seq))
    for order, (inside, those) in enumerate(runs):
        run = list(those)
        found = [seq for seq in (enters if inside else exits) if run[0] <= seq <= run[-1]]
        wanted = {0} if order == 0 else {1}
        if run[-1] == last and len(run) <= SHORT:
            wanted = {0, 1}
        if len(found) not in wanted:
            what = "entered" if inside else "left"
            yield Violation(7, f"vehicle {number} {what} in {run[0]}–{run[-1]}: events at {found}")


async def until(claim, within_s: float, what: str) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + within_s
    while not claim():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:.0f} s: {what}")
        await asyncio.sleep(0.1)
