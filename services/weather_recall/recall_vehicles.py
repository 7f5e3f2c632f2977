"""The weather recall: begun when limits break, every vehicle called once, over when the weather is."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import structlog

from core import audit
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition, VersionMismatch
from core.ids import new_id
from core.repeating import repeat
from fleet.alarms.alarm import AlarmCleared
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, SetSpeedCap
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.weather.conditions import Broken, Weather
from fleet.weather.recall import EVERY, Deed, Recall, RecallEvent, RecallState, event_of
from fleet.weather.recall_store import RecallStore
from services.weather_recall.call_vehicle import VehicleCaller
from services.weather_recall.choose import in_turn, is_sheltered, next_deed
from services.weather_recall.read_fleet import Part, Sky, read_seen, read_shelters, read_sky, tasks_of

LOST_RACE = (Conflict, IllegalTransition, VersionMismatch)
_log = structlog.get_logger("services.weather_recall")


class RecallWatch:
    """Looks at the weather and brings vehicles in. Any number may run: keys and versions let one win.

    What it does next follows from SQL and from where vehicles are, so it goes on after a crash where it was.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        last_heard: LastHeardReader,
        caller: VehicleCaller,
        *,
        every_s: float = 5.0,
    ) -> None:
        """Take the stores, who knows where vehicles are, who calls them, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._last_heard = last_heard
        self._caller = caller
        self._every_s = every_s

    async def look_once(self) -> dict[str, int]:
        """Begin, go on with and end recalls; return how many vehicles were told what. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            sky = await read_sky(tx, at=at)
        if not sky.broken and not sky.running:
            return {}
        running = {_part_of(each) for each in sky.running}
        for part, broken in sky.broken.items():
            if part not in running and not _is_everybodys(part, running | sky.broken.keys()):
                await self._begin(part, broken, at=at)
        for recall in sky.running:
            await self._follow_weather(recall, sky, at=at)
        async with self._database.read() as tx:
            active = await RecallStore(tx).running()
        told: dict[str, int] = {}
        for recall in active:
            for deed in await self._bring_in(recall, active):
                told[deed.value] = told.get(deed.value, 0) + 1
        return told

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("weather-recall", self.look_once, self._every_s, stop)

    async def _begin(self, part: Part, broken: tuple[Broken, ...], *, at: datetime) -> None:
        district, service, operator = part
        recall = Recall(
            recall_id=new_id(),
            district=district,
            service=service,
            operator=operator,
            causes=broken,
            started_at=at,
        )
        async with self._database.write() as tx:
            if not await RecallStore(tx).open(recall):
                return
            about = f"weather_recall:{recall.recall_id}"
            fields = {"district": district, "service": service.value, "cause": recall.cause}
            if operator != EVERY:
                fields["operator"] = operator
            await audit.record(tx, None, "weather_recall.started", about, fields, at=at)
        _log.warning("weather_recall_started", district=district, service=service.value, cause=recall.cause)

    async def _follow_weather(self, recall: Recall, sky: Sky, *, at: datetime) -> None:
        broken = sky.broken.get(_part_of(recall), ())
        weather = sky.weather.get(recall.district, Weather())
        event = event_of(recall, weather, is_broken=bool(broken), at=at)
        if event is None:
            return
        try:
            async with self._database.write() as tx:
                moved = await RecallStore(tx).move(recall, event, at=at, causes=broken)
                about = f"weather_recall:{recall.recall_id}"
                await audit.record(tx, None, "weather_recall.moved", about, {"to": moved.state.value}, at=at)
                if event is RecallEvent.OVER:
                    await self._let_out(tx, moved, at=at)
        except LOST_RACE:
            return
        _log.info("weather_recall_moved", district=recall.district, to=moved.state.value)

    async def _let_out(self, tx: Transaction, recall: Recall, *, at: datetime) -> None:
        """Lift what the recall put on its vehicles, in the transaction that ends it."""
        for each in (await RecallStore(tx).vehicles([recall.recall_id]))[recall.recall_id]:
            if each.has_cap:
                wish = Wish(
                    vehicle_no=each.vehicle_no,
                    kind=CommandKind.SET_SPEED_CAP,
                    body=SetSpeedCap(speed_mps=None),
                    reason="weather_recall_over",
                )
                await queue_command(tx, wish, at=at, rate=self._clock.rate)
            cleared = AlarmCleared(
                vehicle_no=each.vehicle_no, kind=AlarmKind.WEATHER_LIMIT, cause=recall.recall_id, at=at
            )
            await apply_signals(tx, [cleared])

    async def _bring_in(self, recall: Recall, active: Sequence[Recall]) -> list[Deed]:
        """Tell every vehicle of the recall what it does next, who reaches least far first.

        A company that has a recall of its own is brought in by that alone.
        """
        others = {each.operator for each in active if _is_beside(each, recall)}
        wanted = VehicleFilter(
            services=frozenset({recall.service}),
            districts=frozenset({recall.district}),
            lifecycles=frozenset({Lifecycle.IN_SERVICE}),
        )
        async with self._database.read() as tx:
            vehicles = [
                each
                for each in await VehicleStore(tx).page(EVERYTHING, wanted)
                if recall.is_for(each.operator) and each.operator not in others
            ]
        numbers = [each.vehicle_no for each in vehicles]
        narrowed = VehicleFilter(numbers=frozenset(numbers), lifecycles=wanted.lifecycles)
        heard = await self._last_heard.last_heard(numbers)
        async with self._database.read() as tx:
            shelters = await read_shelters(tx, recall.district)
            called = (await RecallStore(tx).vehicles([recall.recall_id]))[recall.recall_id]
            recalled = {each.vehicle_no: each for each in called}
            tasks = await tasks_of(tx, recall.district)
            looked = [
                await read_seen(tx, vehicle, heard.get(vehicle.vehicle_no), recalled, tasks)
                for vehicle in await VehicleStore(tx).page(EVERYTHING, narrowed)
            ]
        done = []
        for seen in in_turn(each for each in looked if each is not None):
            deed = next_deed(seen, sheltered=is_sheltered(seen.heard, shelters))
            if deed is None or (recall.state is RecallState.CALMING and seen.recalled is None):
                continue
            try:
                done.append(await self._caller.call(recall, seen, deed, shelters))
            except LOST_RACE:
                continue
        return done


def _part_of(recall: Recall) -> Part:
    return recall.district, recall.service, recall.operator


def _is_everybodys(part: Part, others: AbstractSet[Part]) -> bool:
    """Return whether the vehicles of a company come in with everybody's anyway."""
    district, service, operator = part
    return operator != EVERY and (district, service, EVERY) in others


def _is_beside(one: Recall, other: Recall) -> bool:
    """Return whether one is a company's own beside another that is everybody's."""
    is_same = (one.district, one.service) == (other.district, other.service)
    return is_same and one.operator != EVERY and other.operator == EVERY
