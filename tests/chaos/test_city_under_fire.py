"""Promises 1 to 4 of reliability.md in the real city: api, gateway, tracker, scheduler, two dispatch workers
and Valkey are killed with SIGKILL, at random and at the crash points, while residents order.

Vehicles are of wood: they speak the public protocol and carry out a plan within a second. Each mutant takes
one guard out of the child processes and must be caught.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text

from services.delivery.tables import merchants
from services.orders.states import TERMINAL
from services.orders.tables import order_events, orders
from services.tasks.tables import stops, tasks
from tests.chaos import checker, nemesis
from tests.chaos.checker import EventRow, OrderRow, TaskRow, Violation
from tests.chaos.city import DISTRICT, LoadedCity, RunningCity, load_city, running
from tests.chaos.history import History
from tests.chaos.outcome import RESULTS, Run
from tests.chaos.people import RemoteOperator, Resident, stay_on_duty
from tests.chaos.wooden_fleet import WoodenFleet, WoodenVehicle

pytestmark = pytest.mark.asyncio(loop_scope="function")
SETTLE_S = 15.0
"""Everything acknowledged is terminal this long after the last fault, on a machine that is not crowded."""
START_S = 6.0
"""What a city takes to answer on two cores with nothing else to do; a crowded machine gets more time."""
RESIDENTS, OPERATORS = 4, 7
EVERY_VEHICLE = 1000
FEW_VEHICLES = 3
"""So few that orders wait for one and ride together."""
TARGETS = ("api", "gateway", "tracker", "scheduler", "worker-1", "worker-2", "valkey")
POINTS = {
    "api": ("before_commit", "after_commit"),
    "gateway": ("before_commit", "after_commit"),
    "scheduler": ("before_commit", "after_commit", "before_enqueue", "after_enqueue", "before_ack"),
    "worker-1": ("before_claim", "between_claims", "before_commit", "after_commit", "before_ack"),
}
API_DIES = [
    nemesis.Fault(2.0, "api", "before_commit", 2),
    nemesis.Fault(14.0, "api", "before_commit", 3),
    nemesis.Fault(26.0, "tracker"),
]
"""For a mutant that acknowledges too early: the api dies when it is about to commit."""
NO_FAULTS = [nemesis.Fault(12.0, "tracker")]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> LoadedCity:
    return asyncio.run(load_city(tmp_path_factory.mktemp("city")))


async def judge(city: RunningCity, history: History) -> list[Violation]:
    async with city.database.read() as tx:
        order_rows = (await tx.execute(select(orders))).all()
        event_rows = (await tx.execute(select(order_events))).all()
        task_rows = (await tx.execute(select(tasks).where(tasks.c.kind == "delivery"))).all()
        stop_rows = (await tx.execute(select(stops.c.task_id, stops.c.orders))).all()
    held: dict[str, set[str]] = {}
    for stop in stop_rows:
        held.setdefault(stop.task_id, set()).update(stop.orders)
    of_key: dict[str, list[str]] = {}
    for row in order_rows:
        of_key.setdefault(row.note, []).append(row.order_id)
    placed = history.by_key("place")
    rows = [OrderRow(row.order_id, row.state, row.version) for row in order_rows]
    chains = [
        EventRow(row.order_id, row.version, row.from_state, row.to_state, row.epoch) for row in event_rows
    ]
    held_tasks = [
        TaskRow(
            row.task_id, row.vehicle_no, row.state, row.created_at, row.closed_at,
            tuple(sorted(held.get(row.task_id, ()))),
        )
        for row in task_rows
    ]  # fmt: skip
    return [
        *checker.lost_orders(placed, rows),
        *checker.unserved_orders(placed, rows, frozenset(state.value for state in TERMINAL)),
        *checker.doubled_creates(placed, of_key),
        *checker.shared_vehicles(held_tasks),
        *checker.broken_chains(chains, rows),
    ]


async def shared_runs(city: RunningCity) -> int:
    """Return how many tasks carried more than one order."""
    async with city.database.read() as tx:
        held = (await tx.execute(select(stops.c.task_id, stops.c.orders))).all()
    of_task: dict[str, set[str]] = {}
    for stop in held:
        of_task.setdefault(stop.task_id, set()).update(stop.orders)
    return sum(len(orders_of) > 1 for orders_of in of_task.values())


async def wait_until_ready(city: RunningCity) -> float:
    """Return how many seconds the api and the gateway took to answer."""
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        for base in (city.api, f"http://{city.gateway}"):
            while True:
                try:
                    if (await client.get(f"{base}/health/ready")).is_success:
                        break
                except httpx.HTTPError:
                    pass
                assert time.monotonic() < began + 120, last_words(city)
                await asyncio.sleep(0.2)
    return time.monotonic() - began


async def shops_that_accept_by_themselves(city: RunningCity) -> frozenset[str]:
    query = select(merchants.c.merchant_id).where(merchants.c.accepts_itself)
    async with city.database.read() as tx:
        return frozenset((await tx.execute(query)).scalars())


def last_words(city: RunningCity) -> str:
    return "\n".join(f"--- {name}\n{p.last_words()[-1500:]}" for name, p in city.keeper.processes.items())


@asynccontextmanager
async def fleet_of(city: RunningCity, most: int) -> AsyncIterator[list[WoodenFleet]]:
    """Run so many delivery vehicles of the district at most, a link for each maker."""
    stop = asyncio.Event()
    fleets: list[WoodenFleet] = []
    for maker in city.issued["makers"]:
        vehicles = [
            WoodenVehicle(each["vehicleNo"], each["lat"], each["lng"])
            for each in city.issued["vehicles"]
            if each["maker"] == maker["maker"]
            and each["district"] == DISTRICT
            and each["service"] == "delivery"
        ][:most]
        most -= len(vehicles)
        if vehicles:
            fleets.append(WoodenFleet(city.gateway, maker["keyId"], maker["secret"], vehicles))
    running_fleets = [asyncio.create_task(fleet.run(stop)) for fleet in fleets]
    try:
        yield fleets
    finally:
        stop.set()
        await asyncio.gather(*running_fleets)


async def run(
    city: RunningCity,
    history: History,
    faults: list[nemesis.Fault],
    *,
    seed: int,
    settle_s: float = SETTLE_S,
    pause_s: tuple[float, float] = (0.2, 0.8),
    vehicles: int = EVERY_VEHICLE,
) -> Run:
    crowding = max(1.0, await wait_until_ready(city) / START_S)
    operators = [
        RemoteOperator(city.api, account)
        for account in city.issued["staff"]
        if account["role"] == "remote_operator" and account["districts"] == [DISTRICT]
    ][:OPERATORS]
    shops = await shops_that_accept_by_themselves(city)
    residents = [Resident(city.api, number, history, shops) for number in range(1, RESIDENTS + 1)]
    people: list[Resident | RemoteOperator] = [*operators, *residents]
    stop, off_duty = asyncio.Event(), asyncio.Event()
    async with AsyncExitStack() as at_the_end, fleet_of(city, vehicles) as fleets:
        for person in people:
            at_the_end.push_async_callback(person.close)
            await person.sign_in()
        watching = asyncio.create_task(stay_on_duty(city.database, off_duty))
        ordering = [
            asyncio.create_task(resident.order_until(stop, random.Random(f"{seed}-{number}"), pause_s))
            for number, resident in enumerate(residents)
        ]
        await nemesis.execute(faults, city.keeper)
        await asyncio.sleep(1)
        stop.set()
        await asyncio.gather(*ordering)
        await wait_until_ready(city)
        began_s = time.monotonic()
        violations = await judge(city, history)
        while violations and time.monotonic() - began_s < settle_s * crowding:
            await asyncio.sleep(0.5)
            violations = await judge(city, history)
        settled_s = time.monotonic() - began_s
        off_duty.set()
        await watching
        refusals = [refusal for fleet in fleets for refusal in fleet.refusals]
        links = [fleet.links for fleet in fleets]
        together = await shared_runs(city)
        notes = f"links {links}, shared runs {together}, refusals {sorted(set(refusals))[:5]}"
    acknowledged = sum(e.phase == "ok" for events in history.by_key("place").values() for e in events)
    return Run(violations, acknowledged, city.keeper.deaths(), settled_s, notes, crowding, together)


async def under_fire(city: LoadedCity, folder: Path, results: Path, seed: int, duration_s: float) -> None:
    with closing(History(folder / "history.jsonl")) as history:
        async with running(city, folder) as alive:
            await judged(alive, history, results, seed, duration_s)


async def judged(
    alive: RunningCity,
    history: History,
    results: Path,
    seed: int,
    duration_s: float,
    *,
    vehicles: int = EVERY_VEHICLE,
) -> Run:
    faults = nemesis.plan(seed, duration_s, TARGETS, POINTS)
    name = f"city-seed-{seed}" if vehicles == EVERY_VEHICLE else f"city-{vehicles}-vehicles-seed-{seed}"
    result = (await run(alive, history, faults, seed=seed, vehicles=vehicles)).told().kept(results, name)
    assert result.violations == [], f"{result}\n{last_words(alive)}"
    assert result.acknowledged > duration_s / result.crowding
    code, said = await alive.command("audit", "verify")
    assert code == 0, said
    return result


@pytest.mark.chaos_short
async def test_the_city_keeps_its_promises_while_its_processes_are_killed(
    city: LoadedCity, tmp_path: Path
) -> None:
    await under_fire(city, tmp_path, tmp_path, 20260701, 40)


@pytest.mark.chaos_long
@pytest.mark.parametrize("seed", range(6))
async def test_the_city_keeps_its_promises_for_long(city: LoadedCity, tmp_path: Path, seed: int) -> None:
    await under_fire(city, tmp_path, RESULTS, seed, 90)


@pytest.mark.chaos_long
@pytest.mark.parametrize("seed", range(2))
async def test_orders_that_ride_together_are_neither_lost_nor_brought_twice(
    city: LoadedCity, tmp_path: Path, seed: int
) -> None:
    with closing(History(tmp_path / "history.jsonl")) as history:
        async with running(city, tmp_path) as alive:
            result = await judged(alive, history, RESULTS, seed, 60, vehicles=FEW_VEHICLES)
    assert result.shared_runs > 0, str(result)


@pytest.mark.parametrize(
    ("mutant", "processes", "shown", "faults", "settle_s"),
    [
        pytest.param(
            *("acknowledge_before_commit", ("api",), "is not in the database", API_DIES, 1),
            marks=pytest.mark.chaos_long,
        ),
        pytest.param(
            *("city_no_wake_up", ("api", "scheduler", "worker-1", "worker-2")),
            *("is still accepted", NO_FAULTS, SETTLE_S),
            marks=pytest.mark.chaos_long,
        ),
        pytest.param(
            *("keys_forgotten", ("api",), "made the orders", NO_FAULTS, 1), marks=pytest.mark.chaos_short
        ),
        pytest.param(
            *("city_plain_claim", ("worker-1", "worker-2"), "at the same time", NO_FAULTS, 1),
            marks=pytest.mark.chaos_short,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_city_without_the_guard_is_caught(
    city: LoadedCity,
    tmp_path: Path,
    mutant: str,
    processes: tuple[str, ...],
    shown: str,
    faults: list[nemesis.Fault],
    settle_s: float,
) -> None:
    with closing(History(tmp_path / "history.jsonl")) as history:
        async with running(city, tmp_path, dict.fromkeys(processes, mutant)) as alive:
            if mutant == "city_plain_claim":
                async with alive.database.write() as tx:
                    await tx.execute(text("DROP INDEX uq_tasks_one_active_per_vehicle"))
            result = (await run(alive, history, faults, seed=7, settle_s=settle_s)).told()
    assert any(shown in violation.what for violation in result.violations), str(result)
