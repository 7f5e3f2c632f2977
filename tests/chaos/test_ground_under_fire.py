"""Every acknowledged fact is kept, acted on once and soon, whoever is killed when: the ground alone.

Processes: a door that takes facts, relay, reconciler, two workers, Valkey. The nemesis kills each of them
with SIGKILL, at random and at the crash points. A mutant (one guard removed) must be caught.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from core import idempotency, leases, outbox
from core.clock import Clock
from core.database import Database, metadata
from core.settings import child_environment
from core.valkey import EmbeddedValkey
from tests.chaos import checker, nemesis
from tests.chaos.checker import OrderRow, Violation
from tests.chaos.ground.facts import acts, facts
from tests.chaos.history import History
from tests.chaos.keeper import ROOT, Keeper
from tests.chaos.outcome import Run

TABLES = (idempotency.idempotency_keys, leases.leases, outbox.outbox, facts, acts)
DOOR_DIES = [
    nemesis.Fault(1.0, "door", "before_commit", 3),
    nemesis.Fault(4.0, "door", "after_commit", 2),
    nemesis.Fault(7.0, "door", "before_commit", 5),
    nemesis.Fault(9.5, "door"),
]
"""For mutants: what the door acknowledges, and how it is asked again, is what most guards are about."""
SETTLE_S = 15.0
"""Everything acknowledged is acted on this long after the last fault (reliability.md, promise 1)."""
CLIENTS = 4
POINTS = {
    "door": ("before_commit", "after_commit"),
    "relay": ("before_enqueue", "after_enqueue", "before_commit"),
    "worker-1": ("before_claim", "between_claims", "before_commit", "after_commit", "before_ack"),
}
TARGETS = ("door", "relay", "reconciler", "worker-1", "worker-2", "valkey")


async def place_facts(socket: Path, history: History, client: int, seed: int, stop: asyncio.Event) -> None:
    """Be one client: send a fact, again with the same key when the answer is unknown, sometimes for fun."""
    dice = random.Random(seed * 1000 + client)
    number = 0
    while not stop.is_set():
        number += 1
        key = f"{client}-{number}"
        for _ in range(dice.choice((1, 1, 2, 3))):
            await send(socket, history, key)
            await asyncio.sleep(dice.uniform(0.0, 0.06))


async def send(socket: Path, history: History, key: str) -> None:
    history.note("invoke", "place", key, time.monotonic())
    try:
        async with asyncio.timeout(3):
            answer = await ask(socket, key)
    except (OSError, TimeoutError, json.JSONDecodeError):
        history.note("unknown", "place", key, time.monotonic())
        return
    if "ok" in answer:
        history.note("ok", "place", key, time.monotonic(), order_id=answer["ok"])
    else:
        history.note("fail", "place", key, time.monotonic(), code=answer["fail"])


async def ask(socket: Path, key: str) -> dict[str, str]:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(json.dumps({"key": key}).encode() + b"\n")
        answer: dict[str, str] = json.loads(await reader.readline())
        return answer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def smallest_city(folder: Path, mutant: str | None) -> AsyncIterator[tuple[Keeper, Database]]:
    url = f"sqlite+aiosqlite:///{folder / 'facts.sqlite3'}"
    database = await Database.open(url)
    async with database.write() as tx:
        await tx.run_sync(metadata.create_all, tables=TABLES)
    valkey = EmbeddedValkey(folder / "valkey", Clock.real())
    path = [str(ROOT / "tests/chaos/mutants" / mutant)] if mutant else []
    environment = child_environment(
        {
            "STEPPE_ENVIRONMENT": "test",
            "STEPPE_DATA_DIR": str(folder),
            "STEPPE_DATABASE__URL": url,
            "STEPPE_REDIS__URL": valkey.url,
            "PYTHONPATH": ":".join([*path, str(ROOT)]),
        }
    )
    roles = {name: name.split("-")[0] for name in TARGETS if name != "valkey"}
    keeper = Keeper(folder, environment, valkey)
    program = (sys.executable, "-m", "tests.chaos.ground.process")
    await keeper.start({name: (*program, role) for name, role in roles.items()})
    try:
        yield keeper, database
    finally:
        await keeper.stop()
        await database.close()


async def judge(database: Database, history: History) -> list[Violation]:
    async with database.read() as tx:
        rows = (await tx.execute(select(facts))).all()
        acted = Counter((await tx.execute(select(acts.c.fact))).scalars().all())
    orders = [OrderRow(row.id, row.state, 1) for row in rows]
    placed = history.by_key("place")
    of_key: dict[str, list[str]] = {}
    for row in rows:
        of_key.setdefault(row.key, []).append(row.id)
    twice = [Violation(3, f"fact {fact} was acted on {n} times") for fact, n in acted.items() if n > 1]
    return [
        *checker.lost_orders(placed, orders),
        *checker.unserved_orders(placed, orders, frozenset({"done"})),
        *checker.doubled_creates(placed, of_key),
        *twice,
    ]


async def run(
    folder: Path,
    faults: list[nemesis.Fault],
    seed: int,
    *,
    mutant: str | None = None,
    settle_s: float = SETTLE_S,
) -> Run:
    history = History(folder / "history.jsonl")
    try:
        return await run_with(folder, seed, faults, history, mutant, settle_s)
    finally:
        history.close()


async def run_with(
    folder: Path,
    seed: int,
    faults: list[nemesis.Fault],
    history: History,
    mutant: str | None,
    settle_s: float,
) -> Run:
    async with smallest_city(folder, mutant) as (keeper, database):
        await send_until_answered(folder / "door.sock", history)
        stop = asyncio.Event()
        clients = [
            asyncio.create_task(place_facts(folder / "door.sock", history, client, seed, stop))
            for client in range(CLIENTS)
        ]
        await nemesis.execute(faults, keeper)
        await asyncio.sleep(1)
        stop.set()
        await asyncio.gather(*clients)
        began_s = time.monotonic()
        violations = await judge(database, history)
        while violations and time.monotonic() - began_s < settle_s:
            await asyncio.sleep(0.25)
            violations = await judge(database, history)
        settled_s = time.monotonic() - began_s
        deaths = keeper.deaths()
    acknowledged = sum(e.phase == "ok" for events in history.by_key("place").values() for e in events)
    return Run(violations, acknowledged, deaths, settled_s)


async def send_until_answered(socket: Path, history: History) -> None:
    deadline = time.monotonic() + 30
    while not any(event.phase == "ok" for event in history.events()):
        assert time.monotonic() < deadline, "the city did not start"
        await send(socket, history, "first")
        await asyncio.sleep(0.1)


@pytest.mark.chaos_long
async def test_nothing_acknowledged_is_lost_doubled_or_late(tmp_path: Path) -> None:
    seed = 20260701
    result = await run(tmp_path, nemesis.plan(seed, 35, TARGETS, POINTS), seed)
    result.told()
    assert result.violations == [], str(result)
    assert result.acknowledged > 200
    assert sum(result.deaths.values()) >= 8


@pytest.mark.chaos_long
@pytest.mark.parametrize("seed", range(5))
async def test_nothing_acknowledged_is_lost_doubled_or_late_for_long(tmp_path: Path, seed: int) -> None:
    result = await run(tmp_path, nemesis.plan(seed, 90, TARGETS, POINTS), seed)
    result.told()
    assert result.violations == [], str(result)


@pytest.mark.chaos_long
@pytest.mark.parametrize(
    ("mutant", "shown", "settle_s"),
    [
        ("acknowledge_before_commit", "is not in the database", 1),
        ("no_outbox", "is still waiting", SETTLE_S),
        ("keys_forgotten", "made the orders", 1),
        ("no_claim", "was acted on", 1),
    ],
)
async def test_a_city_without_the_guard_is_caught(
    tmp_path: Path, mutant: str, shown: str, settle_s: float
) -> None:
    result = await run(tmp_path, DOOR_DIES, 7, mutant=mutant, settle_s=settle_s)
    result.told()
    assert any(shown in violation.what for violation in result.violations), str(result)
