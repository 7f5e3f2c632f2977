"""SQL of weather recalls: one at a time a service, 旗区 and whose; each vehicle called once."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import func, or_, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from fleet.weather.conditions import Broken
from fleet.weather.recall import RECALL_TERMINAL, Deed, Recall, Recalled, RecallEvent, advance
from fleet.weather.tables import weather_recalled, weather_recalls


class RecallStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def open(self, recall: Recall) -> bool:
        """Begin a recall unless one of that service, 旗区 and company is not over; return whether it did."""
        return await insert_new(self._tx, weather_recalls, msgspec.structs.asdict(recall))

    async def running(self, districts: Collection[DistrictCode] | None = None) -> list[Recall]:
        """Return the recalls that are not over, the oldest first; None is every 旗区."""
        over = sorted(state.value for state in RECALL_TERMINAL)
        query = select(weather_recalls).where(weather_recalls.c.state.not_in(over))
        if districts is not None:
            query = query.where(weather_recalls.c.district.in_(sorted(districts)))
        rows = await self._tx.execute(
            query.order_by(weather_recalls.c.started_at, weather_recalls.c.recall_id)
        )
        return [read_row(row, Recall) for row in rows.mappings()]

    async def kept_in(
        self, district: DistrictCode, service: ServiceKind, operator: OperatorId, *, since: datetime
    ) -> bool:
        """Return whether a recall keeps the vehicles of a company in, or did at any time since a moment."""
        r = weather_recalls.c
        lasted = or_(r.released_at.is_(None), r.released_at > since)
        query = select(weather_recalls).where(r.district == district, r.service == service, lasted)
        found = [read_row(row, Recall) for row in (await self._tx.execute(query)).mappings()]
        return any(recall.is_for(operator) for recall in found)

    async def past(self, districts: Collection[DistrictCode] | None, *, limit: int = 20) -> list[Recall]:
        """Return the last recalls that are over, the newest first."""
        over = sorted(state.value for state in RECALL_TERMINAL)
        query = select(weather_recalls).where(weather_recalls.c.state.in_(over))
        if districts is not None:
            query = query.where(weather_recalls.c.district.in_(sorted(districts)))
        rows = await self._tx.execute(query.order_by(weather_recalls.c.started_at.desc()).limit(limit))
        return [read_row(row, Recall) for row in rows.mappings()]

    async def holding(
        self, districts: Collection[DistrictCode]
    ) -> dict[tuple[DistrictCode, ServiceKind], list[Recall]]:
        """Return the recalls that keep vehicles of a 旗区 and service in: everybody's, and companies' own."""
        found: dict[tuple[DistrictCode, ServiceKind], list[Recall]] = {}
        for each in await self.running(districts):
            found.setdefault((each.district, each.service), []).append(each)
        return found

    async def move(
        self, recall: Recall, event: RecallEvent, *, at: datetime, causes: tuple[Broken, ...] = ()
    ) -> Recall:
        """Advance and write; raise IllegalTransition, and Conflict when somebody was faster."""
        moved = advance(recall, event, at=at, causes=causes)
        done = await self._tx.execute(
            update(weather_recalls)
            .where(
                weather_recalls.c.recall_id == recall.recall_id, weather_recalls.c.version == recall.version
            )
            .values(msgspec.structs.asdict(moved))
        )
        if done.rowcount != 1:
            raise Conflict("conflict", "the recall was changed in between", recall_id=recall.recall_id)
        return moved

    async def call(self, recalled: Recalled) -> None:
        """Note that a vehicle was called; raise Conflict when it was called before."""
        if not await insert_new(self._tx, weather_recalled, msgspec.structs.asdict(recalled)):
            raise Conflict("conflict", "the vehicle was called already", vehicle_no=recalled.vehicle_no)

    async def next_place(self, recall_id: str) -> int:
        """Return the place of the next vehicle of a recall."""
        query = select(func.max(weather_recalled.c.place)).where(weather_recalled.c.recall_id == recall_id)
        return int((await self._tx.execute(query)).scalar() or 0) + 1

    async def vehicles(self, recalls: Collection[str]) -> dict[str, list[Recalled]]:
        """Return the vehicles of recalls in the order in which they were called."""
        found: dict[str, list[Recalled]] = {recall_id: [] for recall_id in recalls}
        query = select(weather_recalled).where(weather_recalled.c.recall_id.in_(sorted(recalls)))
        for row in (await self._tx.execute(query.order_by(weather_recalled.c.place))).mappings():
            each = read_row(row, Recalled)
            found[each.recall_id].append(each)
        return found

    async def did(
        self, recalled: Recalled, deed: Deed, *, at: datetime, has_cap: bool | None = None
    ) -> Recalled:
        """Note what the vehicle does now; raise Conflict when somebody noted something else meanwhile."""
        changed = msgspec.structs.replace(
            recalled, deed=deed, changed_at=at, has_cap=recalled.has_cap if has_cap is None else has_cap
        )
        done = await self._tx.execute(
            update(weather_recalled)
            .where(
                weather_recalled.c.recall_id == recalled.recall_id,
                weather_recalled.c.vehicle_no == recalled.vehicle_no,
                weather_recalled.c.deed == recalled.deed,
            )
            .values(msgspec.structs.asdict(changed))
        )
        if done.rowcount != 1:
            raise Conflict("conflict", "the vehicle was told something else", vehicle_no=recalled.vehicle_no)
        return changed
