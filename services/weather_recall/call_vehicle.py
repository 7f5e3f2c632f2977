"""Telling one vehicle of a recall what it does: its task, its command and the note in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from core import audit
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandBody, CommandKind, SafeStop, SetSpeedCap
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.take_reports import move_duty_if_it_can
from fleet.weather.recall import Deed, Recall, Recalled
from fleet.weather.recall_store import RecallStore
from services.places.place import Place
from services.routing.route import GeoPoint
from services.tasks.home import return_body
from services.tasks.lose_task import lose_task
from services.tasks.reports import TaskReports
from services.tasks.roads import Roads
from services.tasks.states import TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Leg
from services.weather_recall.choose import SLOW_MPS, Seen, shelter_for
from services.weather_recall.read_fleet import has_goods

REASON = "weather_recall"


class VehicleCaller:
    """Calls vehicles in; every call is a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, roads: Roads, reports: TaskReports) -> None:
        """Take the stores, the roads, and who knows what a task means for what it carries."""
        self._database = database
        self._clock = clock
        self._roads = roads
        self._reports = reports

    async def call(self, recall: Recall, seen: Seen, deed: Deed, shelters: Sequence[Place]) -> Deed:
        """Tell the vehicle, and return what it was told: without a way home it stays.

        Raises Conflict when something moved meanwhile, or nobody has room to watch it come home: the next
        look tries again. Raises Unavailable while routing is down.
        """
        shelter = shelter_for(seen, shelters) if deed is Deed.HOME else None
        leg = None if shelter is None else await self._leg(seen, shelter)
        if deed is Deed.HOME and (shelter is None or leg is None):
            deed = Deed.STAY
            if seen.recalled is not None and seen.recalled.deed is Deed.STAY:
                raise Conflict("conflict", "a person was called already", vehicle_no=seen.vehicle.vehicle_no)
        async with self._database.write() as tx:
            at = self._clock.now()
            await self._note(tx, recall, seen, deed, at=at)
            match deed:
                case Deed.HOME:
                    assert shelter is not None
                    assert leg is not None
                    await self._send_home(tx, seen, shelter, leg, at=at)
                case Deed.FINISH:
                    await self._tell(tx, seen, CommandKind.SET_SPEED_CAP, SetSpeedCap(speed_mps=SLOW_MPS), at)
                case Deed.STAY:
                    await self._stay(tx, recall, seen, at=at)
                case Deed.SHELTERED:
                    await apply_signals(tx, [_alarm_over(recall, seen, at)])
        return deed

    async def _leg(self, seen: Seen, shelter: Place) -> Leg | None:
        start = GeoPoint(seen.heard.lat, seen.heard.lng)
        leg = await self._roads.leg(start, GeoPoint(shelter.lat, shelter.lng))
        return None if leg is None or leg.length_m > seen.range_m else leg

    async def _note(self, tx: Transaction, recall: Recall, seen: Seen, deed: Deed, *, at: datetime) -> None:
        """Write down the call first: its key and the deed before it refuse a second one."""
        store, number = RecallStore(tx), seen.vehicle.vehicle_no
        if seen.recalled is None:
            place = await store.next_place(recall.recall_id)
            await store.call(
                Recalled(
                    recall_id=recall.recall_id,
                    vehicle_no=number,
                    place=place,
                    range_m=seen.range_m,
                    deed=deed,
                    has_cap=deed is Deed.FINISH,
                    called_at=at,
                    changed_at=at,
                )
            )
        else:
            has_cap = seen.recalled.has_cap or deed is Deed.FINISH
            await store.did(seen.recalled, deed, at=at, has_cap=has_cap)
        fields = {"deed": deed.value, "cause": recall.cause, "range_m": round(seen.range_m)}
        await audit.record(tx, None, "vehicle.recalled", f"vehicle:{number}", fields, REASON, at=at)

    async def _send_home(
        self, tx: Transaction, seen: Seen, shelter: Place, leg: Leg, *, at: datetime
    ) -> None:
        number = seen.vehicle.vehicle_no
        await self._give_up_task(tx, seen, at=at)
        told = await CommandStore(tx).open_of([number])
        if any(command.kind is CommandKind.RETURN_TO_DEPOT for command in told):
            return
        await self._tell(tx, seen, CommandKind.RETURN_TO_DEPOT, return_body(shelter, leg), at)
        await move_duty_if_it_can(tx, number, DutyEvent.RETURN_STARTED, at)
        await bind_vehicle(tx, await VehicleStore(tx).get(number, EVERYTHING), self._clock)

    async def _give_up_task(self, tx: Transaction, seen: Seen, *, at: datetime) -> None:
        """Give an empty vehicle's task back; raises Conflict when it moved since it was looked at."""
        number = seen.vehicle.vehicle_no
        task = await TaskStore(tx).active_of(number, EVERYTHING)
        if (None if task is None else task.version) != (None if seen.task is None else seen.task.version):
            raise Conflict("conflict", "the vehicle's task moved meanwhile", vehicle_no=number)
        if task is not None:
            if await has_goods(tx, task):
                raise Conflict("conflict", "goods came on board meanwhile", vehicle_no=number)
            await lose_task(tx, task, REASON, self._reports.effects(task), at=at)

    async def _stay(self, tx: Transaction, recall: Recall, seen: Seen, *, at: datetime) -> None:
        """Stop where one may stand, and call a person: this vehicle does not come home by itself."""
        if seen.task is None or seen.task.state is not TaskState.NEEDS_PERSON:
            await self._give_up_task(tx, seen, at=at)
            await self._tell(tx, seen, CommandKind.SAFE_STOP, SafeStop(), at)
        raised = AlarmRaised(
            vehicle_no=seen.vehicle.vehicle_no,
            kind=AlarmKind.WEATHER_LIMIT,
            cause=recall.recall_id,
            at=at,
            details={"cause": recall.cause, "range_m": f"{seen.range_m:.0f}"},
        )
        await apply_signals(tx, [raised])

    async def _tell(
        self, tx: Transaction, seen: Seen, kind: CommandKind, body: CommandBody, at: datetime
    ) -> None:
        wish = Wish(vehicle_no=seen.vehicle.vehicle_no, kind=kind, body=body, reason=REASON)
        await queue_command(tx, wish, at=at, rate=self._clock.rate)


def _alarm_over(recall: Recall, seen: Seen, at: datetime) -> AlarmCleared:
    return AlarmCleared(
        vehicle_no=seen.vehicle.vehicle_no, kind=AlarmKind.WEATHER_LIMIT, cause=recall.recall_id, at=at
    )
