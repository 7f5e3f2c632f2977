"""A substitute for somebody who ordered by telephone: staff write down what she says, and it says who did."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.services import AuthServices
from core.database import Database
from core.ids import GoodsId, OperatorId, OrderId
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.hotline import Callers, order_on_behalf
from dashboard.routes.orders import Orders
from services.delivery.catalogue import Goods
from services.delivery.compartments import Temperature
from services.delivery.store import CatalogueStore
from services.orders.states import OrderState
from services.orders.watch_orders import OrderWatch
from services.substitutions.offer_substitute import Lacking, offer_substitute
from tests.integration.dashboard.test_order_routes import staff
from tests.integration.dashboard.test_without_smartphone import PHONE, WANTED
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import MILK, SHOP, Town, later

YOGHURT = GoodsId("g-yoghurt")


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    await made.add_vehicle(7)
    async with made.database.write() as tx:
        await CatalogueStore(tx).put_goods(
            Goods(
                goods_id=YOGHURT,
                merchant_id=SHOP,
                name_zh="酸奶",
                name_en="Yoghurt",
                price_fen=1580,
                mass_g=250.0,
                litres=0.5,
                temperature=Temperature.CHILLED,
                stock=10,
            )
        )
    yield made
    await made.solver.close()


@pytest.fixture
async def hotline(auth: AuthServices, town: Town, parts: DashboardParts) -> AsyncIterator[httpx.AsyncClient]:
    given = msgspec.structs.replace(parts, last_heard=town.listener, roads=town.ways)
    app = Litestar(
        [Orders, order_on_behalf, Callers],
        dependencies={"dashboard": Provide(lambda: given, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as opened:
        yield opened


async def ordered(hotline: httpx.AsyncClient, who: dict[str, str]) -> OrderId:
    headers = {**who, "idempotency-key": "order"}
    placed = await hotline.post("/api/orders", json=WANTED, headers=headers)
    return OrderId(placed.json()["orderId"])


async def lacks(town: Town, order_id: OrderId) -> None:
    """The shop lacks the milk and offers yoghurt."""
    async with town.database.write() as tx:
        lacking = Lacking(goods_id=MILK, substitute=YOGHURT)
        await offer_substitute(tx, a_principal(), order_id, lacking, at=town.now)


async def answer(
    hotline: httpx.AsyncClient, who: dict[str, str], order_id: OrderId, *, is_taken: bool, key: str = "answer"
) -> httpx.Response:
    path = f"/api/orders/{order_id}/substitutions/{MILK}/answer"
    return await hotline.post(path, json={"isTaken": is_taken}, headers={**who, "idempotency-key": key})


async def noted(town: Town) -> list[tuple[str, dict[str, Any]]]:
    async with town.database.read() as tx:
        query = select(audit_entries.c.actor_name, audit_entries.c.fields).where(
            audit_entries.c.action == "order.substitute_answered"
        )
        return [(row.actor_name, row.fields) for row in await tx.execute(query)]


async def test_a_caller_says_yes_and_it_is_on_record_who_wrote_it_down(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    who = dict(await staff(auth))
    order_id = await ordered(hotline, who)
    await lacks(town, order_id)
    caller = (await hotline.post("/api/hotline/callers", json={"phone": PHONE}, headers=who)).json()
    assert (caller["orders"], caller["asked"]) == ([order_id], [order_id])
    seen = (await hotline.get(f"/api/orders/{order_id}", headers=who)).json()
    [offer] = seen["substitutions"]
    assert (offer["state"], offer["offer"]["nameZh"], offer["answeredBy"]) == ("offered", "酸奶", "")
    assert offer["nameZh"], "what is missing has its name"
    taken = (await answer(hotline, who, order_id, is_taken=True)).json()
    assert [(line["nameZh"], line["fen"]) for line in taken["lines"]] == [("酸奶", 1580)]
    caller = (await hotline.post("/api/hotline/callers", json={"phone": PHONE}, headers=who)).json()
    assert caller["asked"] == []
    [told] = taken["substitutions"]
    assert (told["state"], told["answeredBy"]) == ("taken", "示例调度员")
    assert taken["history"][-1]["actor"] == "staff:示例调度员"
    again = await answer(hotline, who, order_id, is_taken=True, key="again")
    assert again.status_code == 200
    assert await noted(town) == [("示例调度员", {"goods": MILK, "taken": True, "how": "telephone"})], (
        "the same answer again is no second answer"
    )
    other = await answer(hotline, who, order_id, is_taken=False, key="other")
    assert (other.status_code, other.json()["code"]) == (409, "illegal-transition")


async def test_a_caller_who_wants_nothing_instead_has_no_order_left(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    who = dict(await staff(auth))
    order_id = await ordered(hotline, who)
    await lacks(town, order_id)
    declined = (await answer(hotline, who, order_id, is_taken=False)).json()
    assert (declined["state"], declined["reason"]) == ("cancelled", "nothing_left")
    assert declined["substitutions"][0]["answeredBy"] == "示例调度员"
    async with town.database.read() as tx:
        assert (await CatalogueStore(tx).goods_by_id([YOGHURT]))[YOGHURT].stock == 10


async def test_who_ordered_herself_answers_herself(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    who = dict(await staff(auth))
    order = await town.order()
    await lacks(town, order.order_id)
    refused = await answer(hotline, who, order.order_id, is_taken=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert await noted(town) == []


async def test_nobody_answers_for_a_caller_of_another_company_or_after_the_deadline(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    who = dict(await staff(auth))
    order_id = await ordered(hotline, who)
    await lacks(town, order_id)
    foreign = dict(await staff(auth, operator=OperatorId("op-other")))
    assert (await answer(hotline, foreign, order_id, is_taken=True)).status_code == 404
    later(town, 481)
    await OrderWatch(town.database, town.clock).watch_once()
    late = await answer(hotline, who, order_id, is_taken=True)
    assert (late.status_code, late.json()["code"]) == (409, "illegal-transition")
    order = await town.read(order_id)
    assert order.state is OrderState.CANCELLED
    seen = (await hotline.get(f"/api/orders/{order_id}", headers=who)).json()
    assert [(one["state"], one["answeredBy"]) for one in seen["substitutions"]] == [("lapsed", "")]
