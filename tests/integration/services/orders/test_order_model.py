"""Promise 4: whatever happens to an order in whatever order, the stored machine and a small model agree."""

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.auth.principal import EVERYTHING
from core.database import Database
from core.errors import Conflict, IllegalTransition
from core.ids import (
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    TaskId,
    VehicleNo,
    new_id,
)
from services.delivery.compartments import Parcel
from services.orders.order import Order
from services.orders.states import (
    CollectionMissed,
    GoodsCollected,
    GoodsLoaded,
    GoodsReturned,
    LinesChanged,
    MerchantAccepted,
    MovedOn,
    OrderCancelled,
    OrderEvent,
    OrderGivenUp,
    PickupStarted,
    ReadyTimeSet,
    RecoveryStarted,
    ReturnStarted,
    VehicleArrived,
    VehicleAssigned,
    VehicleLost,
)
from services.orders.store import OrderStore, new_order

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
EVENTS: dict[str, OrderEvent] = {
    "accept": MerchantAccepted(ready_at=T0),
    "ready": ReadyTimeSet(ready_at=T0),
    "change": LinesChanged(lines=(), parcel=Parcel(litres=2, mass_kg=1)),
    "assign": VehicleAssigned(
        task_id=TaskId("t"), vehicle_no=VehicleNo(7), compartment=1, eta_pickup_at=T0, eta_at=T0
    ),
    "start": PickupStarted(),
    "load": GoodsLoaded(compartment=1),
    "arrive": VehicleArrived(collect_by=T0),
    "collect": GoodsCollected(),
    "cancel": OrderCancelled(by="resident", reason="changed_mind"),
    "move on": MovedOn(pickup_point_id=PickupPointId("p-2"), eta_at=T0),
    "miss": CollectionMissed(),
    "return": ReturnStarted(),
    "take back": GoodsReturned(),
    "lose": VehicleLost(cause="vehicle_silent"),
    "rescue": RecoveryStarted(),
    "give up": OrderGivenUp(reason="no_vehicle"),
}
# Written from domain.md by hand, not from the table: what each word does where, and nothing else is possible.
MODEL = {
    "created": {"accept": "accepted", "change": "created", "cancel": "cancelled"},
    "accepted": {
        "ready": "accepted",
        "change": "accepted",
        "assign": "assigned",
        "cancel": "cancelled",
        "give up": "failed",
    },
    "assigned": {
        "ready": "assigned",
        "change": "assigned",
        "start": "picking_up",
        "lose": "accepted",
        "cancel": "cancelled",
    },
    "picking_up": {
        "ready": "picking_up",
        "change": "picking_up",
        "load": "in_transit",
        "lose": "accepted",
        "cancel": "cancelled",
    },
    "in_transit": {"arrive": "arrived", "lose": "needs_recovery"},
    "arrived": {"collect": "delivered", "move on": "in_transit", "miss": "missed", "lose": "needs_recovery"},
    "missed": {"return": "returning", "lose": "needs_recovery"},
    "returning": {"take back": "returned", "lose": "needs_recovery"},
    "needs_recovery": {"rescue": "in_transit", "return": "returning", "give up": "failed"},
    "delivered": {},
    "cancelled": {},
    "returned": {},
    "failed": {},
}
WORDS = st.sampled_from(sorted(EVENTS))


class StoredOrder(RuleBasedStateMachine):
    """Drives one stored order; subclasses say on which database."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.at = T0
        self.state, self.version, self.epoch = "created", 1, 1
        order = Order(
            order_id=OrderId(new_id()),
            district=DistrictCode("KB"),
            operator=OperatorId("op"),
            resident_id=ResidentId("r"),
            merchant_id=MerchantId("m"),
            pickup_point_id=PickupPointId("p"),
            lines=(),
            total_fen=0,
            parcel=Parcel(litres=1, mass_kg=1),
            placed_at=T0,
            promised_p50_at=T0,
            promised_p90_at=T0,
        )
        self.order_id = order.order_id
        self.snapshots = [order]
        self.runner.run(self._add(order))

    @rule(word=WORDS)
    def happens(self, word: str) -> None:
        """An event meets the order as it is stored."""
        target = MODEL[self.state].get(word)
        moved = self.runner.run(self._fire(word, self.snapshots[-1]))
        assert (moved is None) == (target is None)
        if moved is None or target is None:
            return
        was_taken_off = word == "lose" and target == "accepted"
        self.state, self.version, self.epoch = target, self.version + 1, self.epoch + was_taken_off
        self.snapshots.append(moved)

    @rule(word=WORDS, back=st.integers(1, 5))
    def happens_too_late(self, word: str, back: int) -> None:
        """Somebody acts on what he read some events ago: nothing changes."""
        if len(self.snapshots) > back:
            assert self.runner.run(self._fire(word, self.snapshots[-1 - back])) is None

    @rule(seconds=st.integers(1, 600))
    def time_passes(self, seconds: int) -> None:
        """Nothing moves by time alone."""
        self.at += timedelta(seconds=seconds)

    @invariant()
    def store_and_model_agree(self) -> None:
        """State, version and epoch are the model's; the history has every version once."""
        stored, history = self.runner.run(self._read())
        assert (stored.state.value, stored.version, stored.epoch) == (self.state, self.version, self.epoch)
        assert stored == self.snapshots[-1]
        assert [line.version for line in history] == list(range(1, self.version + 1))
        epochs = [line.epoch for line in history]
        assert epochs == sorted(epochs)
        assert history[-1].to_state.value == self.state

    async def _add(self, order: Order) -> None:
        async with self.database.write() as tx:
            await OrderStore(tx).add([new_order(order, actor="resident:r")])

    async def _fire(self, word: str, order: Order) -> Order | None:
        try:
            async with self.database.write() as tx:
                return await OrderStore(tx).move(order, EVENTS[word], at=self.at, actor="test")
        except (IllegalTransition, Conflict):
            return None

    async def _read(self) -> tuple[Order, list[Any]]:
        async with self.database.read() as tx:
            store = OrderStore(tx)
            return await store.get(self.order_id, EVERYTHING), await store.history(self.order_id)


def _run_on(url: str) -> None:
    with asyncio.Runner() as loop:

        async def opened() -> Database:
            database = await Database.open(url)
            await database.create_tables()
            return database

        class OnThisStore(StoredOrder):
            runner = loop
            database = loop.run(opened())

        try:
            run_state_machine_as_test(
                OnThisStore,
                settings=settings(
                    max_examples=15,
                    stateful_step_count=30,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            loop.run(OnThisStore.database.close())


def test_the_stored_order_follows_the_model_on_sqlite() -> None:
    folder = Path(tempfile.mkdtemp(prefix="steppe-model-"))
    try:
        _run_on(f"sqlite+aiosqlite:///{folder / 'facts.sqlite3'}")
    finally:
        shutil.rmtree(folder)


def test_the_stored_order_follows_the_model_on_postgresql(postgresql_url: str) -> None:
    _run_on(postgresql_url)


def test_the_model_names_every_state_and_event_that_there_is() -> None:
    assert {type(event) for event in EVENTS.values()} == set(OrderEvent.__subclasses__())
    assert all(target in MODEL for edges in MODEL.values() for target in edges.values())
