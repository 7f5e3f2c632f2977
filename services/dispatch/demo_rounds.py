"""Demo rounds as work: visits for the vehicles of a service that has no module of its own yet."""

from datetime import datetime

from core.database import Database, Transaction
from services.dispatch.fleet_member import FleetMember
from services.dispatch.work import Work, WorkStop, where
from services.places.place import PlaceKind
from services.places.store import PlaceStore
from services.rounds.round import ROUND_KINDS, WAIT_S, choose_visits
from services.routing.route import GeoPoint
from services.tasks.roads import Roads
from services.tasks.store import TaskStore
from services.tasks.task import Task


class DemoRounds:
    """Sends vehicles around the places of their service; nothing is sold, swept or inspected."""

    def __init__(self, database: Database, roads: Roads) -> None:
        """Take the places and the roads."""
        self._database = database
        self._roads = roads

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:  # noqa: ARG002
        """Return a vehicle's next round, None without a place that it can reach."""
        start, service = where(member), member.vehicle.service
        async with self._database.read() as tx:
            places = await PlaceStore(tx).of_kind(PlaceKind.VISIT, member.vehicle.district, service=service)
            last = await TaskStore(tx).last_of(member.vehicle.vehicle_no)
        turn = 0 if last is None else last.epoch
        stops: list[WorkStop] = []
        for place in choose_visits(places, member.vehicle.vehicle_no, turn, start.lat, start.lng):
            end = GeoPoint(place.lat, place.lng)
            leg = await self._roads.leg(start, end, member.road)
            if leg is not None:
                stops.append(WorkStop(place=place, leg=leg, wait_s=WAIT_S[service]))
                start = end
        return Work(kind=ROUND_KINDS[service], stops=tuple(stops)) if stops else None

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        """Note nothing: a round is nobody's but its vehicle's."""
