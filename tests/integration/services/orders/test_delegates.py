"""Somebody else collects: who may name her, what she hears, and whose code opened what."""

from datetime import timedelta

import pytest

from core.auth.configured import secret_keys
from core.auth.principal import Principal, reach_of
from core.auth.roles import Role
from core.errors import Conflict, Invalid, NotFound, SteppeError
from core.ids import ResidentId
from core.settings import Settings
from services.delegation.name_delegate import (
    LONGEST_S,
    CodeHands,
    Naming,
    name_delegate,
    refresh_delegate,
    revoke_delegate,
)
from services.delegation.store import DelegateStore
from services.delivery.pickup_code import GENERATIONS, TRIES
from services.notices.kinds import NoticeState
from services.notices.store import NoticeStore
from services.orders.collect_order import WrongCode, open_for_recipient
from services.orders.order import Order
from services.tasks.states import StopKind
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import KEYPAD_ROOT, RESIDENT, Town, later

SISTER = Naming(name="妹妹", phone="13900139000", for_s=7200.0)


class Customer:
    """The recipient of an order and whom she names."""

    def __init__(self, town: Town, order: Order, hands: CodeHands) -> None:
        self.town, self.order, self.hands = town, order, hands
        self.principal = Principal(
            kind="resident",
            id=RESIDENT,
            name="r",
            role=Role.RESIDENT,
            expires_at=town.now + timedelta(days=1),
        )

    async def names(self, naming: Naming = SISTER, principal: Principal | None = None) -> None:
        async with self.town.database.write() as tx:
            who = principal or self.principal
            await name_delegate(tx, who, self.order.order_id, naming, self.hands, at=self.town.now)

    async def revokes(self) -> None:
        async with self.town.database.write() as tx:
            await revoke_delegate(tx, self.principal, self.order.order_id, self.hands, at=self.town.now)

    async def refreshes(self) -> None:
        async with self.town.database.write() as tx:
            await refresh_delegate(tx, self.principal, self.order.order_id, at=self.town.now)

    async def code(self, number: int = 1) -> str:
        async with self.town.database.read() as tx:
            return (await DelegateStore(tx).get(self.order.order_id, number)).code.code()

    async def notices(self, number: int = 1) -> list[NoticeState]:
        async with self.town.database.read() as tx:
            subject = f"delegate:{self.order.order_id}:{number}"
            return [one.state for one in await NoticeStore(tx).of_subject(subject)]

    async def opens(self, typed: str | None) -> str | WrongCode:
        """Return who opened the door, as the order has it."""
        async with self.town.database.write() as tx:
            opened = await open_for_recipient(
                tx,
                self.order.order_id,
                reach_of(self.principal),
                typed=typed,
                actor="r",
                at=self.town.now,
                rate=1.0,
            )
        if isinstance(opened, WrongCode):
            return opened
        return (await self.town.read(self.order.order_id)).opened_by


@pytest.fixture
async def customer(town: Town, settings: Settings) -> Customer:
    await town.add_vehicle(7)
    order = await town.order()
    hands = CodeHands(secret_keys(settings.security), KEYPAD_ROOT, 1.0)
    return Customer(town, order, hands)


async def at_the_door(customer: Customer) -> ScriptedVehicle:
    town = customer.town
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(await town.read(customer.order.order_id))
    await vehicle.reach(StopKind.HANDOVER)
    return vehicle


@pytest.mark.parametrize(
    ("naming", "code"),
    [
        (Naming(name="  ", phone="13900139000", for_s=60.0), "invalid-input"),
        (Naming(name="x" * 41, phone="13900139000", for_s=60.0), "invalid-input"),
        (Naming(name="x", phone="12", for_s=60.0), "invalid-input"),
        (Naming(name="x", phone="13900139000", for_s=0.0), "time-out-of-range"),
        (Naming(name="x", phone="13900139000", for_s=LONGEST_S + 1), "time-out-of-range"),
    ],
    ids=["no name", "a long name", "no phone", "no time", "too long a time"],
)
async def test_a_delegate_has_a_name_a_phone_and_an_end(
    customer: Customer, naming: Naming, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await customer.names(naming)
    assert refused.value.code == code
    await customer.names(Naming(name="x", phone="13900139000", for_s=LONGEST_S))


async def test_only_the_recipient_names_somebody(customer: Customer) -> None:
    stranger = Principal(
        kind="resident",
        id=ResidentId("r-9"),
        name="r",
        role=Role.RESIDENT,
        expires_at=customer.town.now + timedelta(days=1),
    )
    with pytest.raises(NotFound):
        await customer.names(principal=stranger)


async def test_whoever_is_replaced_hears_no_more_of_it_and_her_code_is_dead(customer: Customer) -> None:
    await customer.names()
    assert await customer.notices() == [NoticeState.WAITING]
    await customer.names(Naming(name="邻居", phone="13700137000", for_s=60.0))
    assert await customer.notices() == [NoticeState.NOT_NEEDED]
    assert await customer.notices(2) == [NoticeState.WAITING]
    with pytest.raises(SteppeError) as gone:
        await customer.code(1)
    assert gone.value.code == "gone"


async def test_a_right_taken_back_is_taken_back_once_and_nobody_is_refreshed_then(
    customer: Customer,
) -> None:
    await customer.names()
    await customer.revokes()
    await customer.revokes()
    assert await customer.notices() == [NoticeState.NOT_NEEDED]
    with pytest.raises(NotFound):
        await customer.refreshes()


async def test_she_has_three_codes_and_none_after_her_time(customer: Customer) -> None:
    await customer.names()
    codes = {await customer.code()}
    for _ in range(GENERATIONS - 1):
        await customer.refreshes()
        codes.add(await customer.code())
    assert len(codes) == GENERATIONS
    with pytest.raises(Conflict) as none_left:
        await customer.refreshes()
    assert none_left.value.code == "pickup-code-locked"
    later(customer.town, SISTER.for_s)
    with pytest.raises(NotFound):
        await customer.refreshes()


async def test_a_code_typed_on_the_page_says_whose_it_was(customer: Customer) -> None:
    await customer.names()
    await at_the_door(customer)
    assert await customer.opens(await customer.code()) == "delegate:1"
    assert await customer.opens(None) == "customer"


async def test_a_delegates_code_that_is_over_costs_the_recipient_a_try(customer: Customer) -> None:
    await customer.names(Naming(name="妹妹", phone="13900139000", for_s=60.0))
    hers = await customer.code()
    await at_the_door(customer)
    later(customer.town, 61.0)
    wrong = await customer.opens(hers)
    assert isinstance(wrong, WrongCode)
    assert (wrong.generation, wrong.tries_left) == (1, TRIES - 1)


async def test_a_delegate_that_the_order_never_named_is_somebody(customer: Customer) -> None:
    """What a vehicle says is no reason to fail."""
    vehicle = await at_the_door(customer)
    box = {"orderId": customer.order.order_id, "compartment": 3}
    assert await vehicle.say("door_opened", {**box, "by": "keypad", "generation": 51}) == "applied"
    assert (await customer.town.read(customer.order.order_id)).opened_by == "somebody"
    failed = {"orderId": customer.order.order_id, "generation": 51, "tries": 2}
    assert await vehicle.say("code_failed", failed) == "already"


async def test_a_code_dies_with_its_order(customer: Customer) -> None:
    await customer.names()
    vehicle = await at_the_door(customer)
    await vehicle.hand_over(customer.order)
    with pytest.raises(SteppeError) as gone:
        await customer.code()
    assert gone.value.code == "gone"
