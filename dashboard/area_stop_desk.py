"""Stopping by drawing: look into an area, stop it, follow it, let it go with a second person."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from core.auth.principal import EVERYTHING, Principal, Reach, reach_of
from core.database import Transaction
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.area_stops import (
    AreaPreview,
    AreaStopView,
    PlaceAreaStop,
    SaidOfAreaStop,
    VehicleInside,
    area_stop_view,
)
from fleet.area_stops.area_stop import AreaStop, Member, held_by_area
from fleet.area_stops.place_area_stop import AreaWish
from fleet.area_stops.release_area_stop import Said
from fleet.area_stops.store import AreaStopStore
from fleet.live.hub import LiveHub
from fleet.telemetry.records import Records, read_live_message
from fleet.vehicles.store import VehicleStore
from geofences import shapes

RECENT = timedelta(hours=12)
"""City time in which a released area stop counts as recent."""
_E7 = 1e-7

type Saying = Callable[[Transaction, Principal, Said], Awaitable[AreaStop]]


class AreaStops:
    """What one member of staff does about area stops."""

    def __init__(self, parts: DashboardParts, hub: LiveHub, principal: Principal) -> None:
        """Take the stores, who knows where vehicles are, and who acts."""
        self._parts = parts
        self._hub = hub
        self._principal = principal

    async def preview(self, geometry: Mapping[str, Any]) -> AreaPreview:
        """Return who is in an area now. Raises Invalid for a geometry that is none, Unavailable."""
        area = shapes.area_from_geojson(geometry)
        found = await self._inside(shapes.to_geos(area))
        numbers = found["vehicle_no"].tolist()
        async with self._parts.database.read() as tx:
            codes = await VehicleStore(tx).codes_of(numbers)
        return AreaPreview(
            items=tuple(
                VehicleInside(vehicle_no=number, code=codes.get(number), lat=lat * _E7, lng=lng * _E7)
                for number, lat, lng in sorted(
                    zip(numbers, found["lat_e7"].tolist(), found["lng_e7"].tolist(), strict=True)
                )
            )
        )

    async def place(self, data: PlaceAreaStop, repeated: Repeated) -> AreaStopView:
        """Stop the area; raises what ``AreaStopDesk.place`` raises, Invalid for a geometry that is none."""
        parts, principal = self._parts, self._principal
        area = shapes.area_from_geojson(data.geometry)
        wish = AreaWish(
            area=msgspec.json.encode(shapes.to_geojson(area)).decode(),
            found=await self._inside(shapes.to_geos(area)),
            kind=data.kind,
            is_drill=data.is_drill,
            reason=data.reason,
        )

        def render(stop: AreaStop, members: Sequence[Member]) -> bytes:
            known = (parts.directory.find(member.vehicle_no, EVERYTHING) for member in members)
            codes = {entry.vehicle_no: entry.code for entry in known if entry is not None}
            return msgspec.json.encode(area_stop_view(stop, members, {}, codes, principal))

        answer = await parts.area_stops.place(principal, wish, repeated, render)
        return msgspec.json.decode(answer.body, type=AreaStopView)

    async def listed(self, *, with_recent: bool) -> list[AreaStopView]:
        """Return what stands, and what was released in the last hours when asked, the newest first."""
        reach = reach_of(self._principal)
        over_since = self._parts.clock.now() - RECENT if with_recent else None
        async with self._parts.database.read() as tx:
            return await self._views(tx, await AreaStopStore(tx).listed(reach, over_since=over_since))

    async def read(self, area_stop_id: str) -> AreaStopView:
        """Return one; raise NotFound."""
        async with self._parts.database.read() as tx:
            stop = await AreaStopStore(tx).get(area_stop_id, reach_of(self._principal))
            return (await self._views(tx, [stop]))[0]

    async def say(
        self, saying: Saying, area_stop_id: str, data: SaidOfAreaStop, repeated: Repeated
    ) -> AreaStopView:
        """Do one step of the release; the same key answers the same again."""
        clock = self._parts.clock
        said = Said(
            area_stop_id=area_stop_id,
            version=data.version,
            reason=data.reason,
            at=clock.now(),
            wall=clock.wall(),
            rate=clock.rate,
        )

        async def work(tx: Transaction) -> AreaStopView:
            return (await self._views(tx, [await saying(tx, self._principal, said)]))[0]

        return await answer_once(
            self._parts.database, repeated, AreaStopView, work, status=200, wall=clock.wall()
        )

    async def _inside(self, shape: Any) -> Records:
        _, _, _, records = read_live_message(await self._hub.snapshot(reach_of(self._principal), None))
        return held_by_area(records, shape)

    async def _views(self, tx: Transaction, stops: Sequence[AreaStop]) -> list[AreaStopView]:
        if not stops:
            return []
        store = AreaStopStore(tx)
        members = await store.members([stop.area_stop_id for stop in stops])
        every = [member for some in members.values() for member in some]
        commands = await store.commands(every, Reach(operators=reach_of(self._principal).operators))
        codes = await VehicleStore(tx).codes_of([member.vehicle_no for member in every])
        return [
            area_stop_view(stop, members[stop.area_stop_id], commands, codes, self._principal)
            for stop in stops
        ]
