"""Orders of many phones looked up and written together, each once whatever is sent again."""

from collections.abc import Sequence
from typing import Final

import msgspec

from core.clock import Clock
from core.database import Database, Transaction
from core.errors import SteppeError
from core.repeatable import Repeated, answer_each_once, answered_each_in
from core.together import Together
from mobile_api.order_pages import OrderFacts, resident_order
from mobile_api.schemas.orders import ResidentOrder
from services.orders.draft import CheckedDraft, Draft, check_drafts
from services.orders.place_order import PlacedOrder, Wanted, place_orders
from services.orders.zone import LoadOf, zone_load

CREATED: Final = 201
MOST_TOGETHER: Final = 32
"""Orders that are looked up or written in one transaction at most: others want the write lock too."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for, and what makes it the same when it is sent again."""

    repeated: Repeated
    draft: Draft


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The same when its promise is known."""

    repeated: Repeated
    wanted: Wanted


class Placing:
    """Looks drafts up and writes orders. What comes while a group is under way is the next group."""

    def __init__(self, database: Database, clock: Clock, *, load_of: LoadOf = zone_load) -> None:
        """Take the stores, and who knows how busy a zone is."""
        self._database = database
        self._clock = clock
        self._load_of = load_of
        self.look: Together[Asked, CheckedDraft | ResidentOrder] = Together(self._look, most=MOST_TOGETHER)
        """Return the draft as it can be served, or the order that the same key placed before."""
        self.write = Together(self._write, most=MOST_TOGETHER)
        """Return the placed order, or the one that the same key placed meanwhile."""

    async def _look(self, asked: Sequence[Asked]) -> list[CheckedDraft | ResidentOrder | SteppeError]:
        async with self._database.read() as tx:
            known = await answered_each_in(tx, [each.repeated for each in asked], ResidentOrder)
            drafts = [each.draft for each, before in zip(asked, known, strict=True) if before is None]
            checked = iter(await check_drafts(tx, drafts, at=self._clock.now(), load_of=self._load_of))
        return [next(checked) if before is None else before for before in known]

    async def _write(self, ready: Sequence[Ready]) -> list[ResidentOrder | SteppeError]:
        at = self._clock.now()

        async def work(tx: Transaction, fresh: Sequence[int]) -> list[ResidentOrder | SteppeError]:
            placed = await place_orders(tx, [ready[number].wanted for number in fresh], at=at)
            return [
                each if isinstance(each, SteppeError) else resident_order(_facts(each), None, at=at)
                for each in placed
            ]

        asked = [each.repeated for each in ready]
        wall = self._clock.wall()
        return await answer_each_once(self._database, asked, ResidentOrder, work, status=CREATED, wall=wall)


def _facts(placed: PlacedOrder) -> OrderFacts:
    """Return the facts of a page of an order that has just been written."""
    return OrderFacts(
        order=placed.order,
        merchant=placed.checked.merchant,
        point=placed.checked.pickup_point,
        code=placed.code,
        history=placed.history,
        task=None,
        vehicle=None,
        labels={},
        paid_by=placed.paid_by,
        steps=placed.flow.steps,
    )
