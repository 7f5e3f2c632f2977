"""SQL of sales: compare-and-set on the version; what a sale moves in money is posted with its step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import only, within
from core.database import Transaction
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import CommandId, DistrictCode, ResidentId, VehicleNo
from services.settlement.book_sale import book_sale
from services.settlement.entry import SaleId
from services.vending.sales.sale import VendingSale, advance
from services.vending.sales.sale_money import money_of
from services.vending.sales.states import HOLDING, SaleEvent, SaleState
from services.vending.tables import vending_sales


class SaleStore:
    """Reads and moves sales. Every read for somebody takes his reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, sale: VendingSale) -> None:
        """Store a new sale and hold what it costs; raise Conflict ``balance-too-low``."""
        await self._tx.execute(insert(vending_sales).values(_values(sale)))
        actor = sale.placed_by or f"resident:{sale.resident_id}"
        await self._book(None, sale, "reserved", actor, sale.reserved_at)

    async def get(self, sale_id: SaleId, reach: Reach) -> VendingSale:
        """Return a sale within the reach; raise NotFound."""
        return self._one(await self._select(_query(sale_id, reach)), sale_id)

    async def own(self, sale_id: SaleId, reach: Reach) -> VendingSale:
        """Return a sale within the reach, held against others until this transaction ends; raise NotFound."""
        return self._one(await self._select(_query(sale_id, reach).with_for_update()), sale_id)

    async def of_vehicle(self, sale_id: SaleId, vehicle_no: VehicleNo) -> VendingSale | None:
        """Return a sale at this vehicle, held against others, or None."""
        mine = (vending_sales.c.sale_id == sale_id, vending_sales.c.vehicle_no == vehicle_no)
        found = await self._select(select(vending_sales).where(*mine).with_for_update())
        return found[0] if found else None

    async def at_vehicle(self, vehicle_no: VehicleNo, states: Sequence[SaleState]) -> list[VendingSale]:
        """Return the sales at a vehicle in any of the states, the oldest first."""
        query = select(vending_sales).where(
            vending_sales.c.vehicle_no == vehicle_no, vending_sales.c.state.in_(sorted(states))
        )
        return await self._select(query.order_by(vending_sales.c.reserved_at))

    async def busy_vehicles(self, vehicles: Sequence[VehicleNo]) -> frozenset[VehicleNo]:
        """Return the vehicles at which somebody has reserved something or takes it out now."""
        if not vehicles:
            return frozenset()
        query = select(vending_sales.c.vehicle_no).where(
            vending_sales.c.vehicle_no.in_(sorted(set(vehicles))),
            vending_sales.c.state.in_(sorted(HOLDING)),
        )
        return frozenset((await self._tx.execute(query.distinct())).scalars())

    async def past_their_time(self, states: Sequence[SaleState], at: datetime) -> list[VendingSale]:
        """Return the sales in any of the states whose time is over."""
        query = select(vending_sales).where(
            vending_sales.c.state.in_(sorted(states)), vending_sales.c.expires_at <= at
        )
        return await self._select(query.order_by(vending_sales.c.expires_at).limit(500))

    async def of_ids(self, ids: Sequence[SaleId], reach: Reach) -> dict[SaleId, VendingSale]:
        """Return those of the sales that lie within the reach."""
        query = select(vending_sales).where(vending_sales.c.sale_id.in_(sorted(set(ids))), *_within(reach))
        return {sale.sale_id: sale for sale in await self._select(query)}

    async def listed(
        self, reach: Reach, *, states: Sequence[SaleState] = tuple(SaleState), limit: int = 50
    ) -> list[VendingSale]:
        """Return sales within the reach in any of the states, newest first."""
        query = select(vending_sales).where(*_within(reach), vending_sales.c.state.in_(sorted(states)))
        return await self._select(query.order_by(vending_sales.c.reserved_at.desc()).limit(limit))

    async def open_of(self, resident_id: ResidentId) -> list[VendingSale]:
        """Return what a resident has reserved or is taking out now, the oldest first."""
        query = select(vending_sales).where(
            vending_sales.c.resident_id == resident_id, vending_sales.c.state.in_(sorted(HOLDING))
        )
        return await self._select(query.order_by(vending_sales.c.reserved_at))

    async def by_telephone(self, reach: Reach, *, limit: int) -> list[VendingSale]:
        """Return what was bought on somebody's behalf within the reach, newest first."""
        query = select(vending_sales).where(*_within(reach), vending_sales.c.placed_by.is_not(None))
        return await self._select(query.order_by(vending_sales.c.reserved_at.desc()).limit(limit))

    async def sold_in(self, district: DistrictCode, *, since: datetime) -> list[VendingSale]:
        """Return what was sold in a district since a moment: where demand was."""
        query = select(vending_sales).where(
            vending_sales.c.district == district,
            vending_sales.c.reserved_at >= since,
            vending_sales.c.state == SaleState.SETTLED,
        )
        return await self._select(query.order_by(vending_sales.c.reserved_at.desc()).limit(5_000))

    async def move(
        self,
        sale: VendingSale,
        event: SaleEvent,
        *,
        at: datetime,
        actor: str,
        command_id: CommandId | None = None,
        expires_at: datetime | None = None,
        taken: int | None = None,
        sold: int | None = None,
        reason: str = "",
    ) -> VendingSale:
        """Advance and write a sale with the money it moves; raise IllegalTransition, and Conflict on a lost
        race."""
        moved = advance(
            sale,
            event,
            at=at,
            command_id=command_id,
            expires_at=expires_at,
            taken=taken,
            sold=sold,
            reason=reason,
        )
        written = await self._tx.execute(
            update(vending_sales)
            .where(
                vending_sales.c.sale_id == sale.sale_id,
                vending_sales.c.version == sale.version,
                vending_sales.c.state == sale.state,
            )
            .values(_values(moved))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the sale was changed in between", sale_id=sale.sale_id)
        await self._book(sale, moved, event.value, actor, at)
        return moved

    async def _book(
        self, before: VendingSale | None, after: VendingSale, event: str, actor: str, at: datetime
    ) -> None:
        was = None if before is None else money_of(before)
        await book_sale(self._tx, was, money_of(after), event, version=after.version, actor=actor, at=at)

    @staticmethod
    def _one(found: Sequence[VendingSale], sale_id: SaleId) -> VendingSale:
        if not found:
            raise NotFound("not-found", "no such sale", sale_id=sale_id)
        return found[0]

    async def _select(self, query: Select[Any]) -> list[VendingSale]:
        return [read_row(row, VendingSale) for row in (await self._tx.execute(query)).mappings()]


def _query(sale_id: SaleId, reach: Reach) -> Select[Any]:
    return select(vending_sales).where(vending_sales.c.sale_id == sale_id, *_within(reach))


def _within(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(vending_sales.c.district, reach.districts),
        within(vending_sales.c.operator, reach.operators),
        only(vending_sales.c.resident_id, reach.resident),
    )


def _values(sale: VendingSale) -> dict[str, Any]:
    return {field: getattr(sale, field) for field in sale.__struct_fields__}
