"""Topic ``alarms``: every alarm that still asks for somebody."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from core.auth.principal import Reach
from core.database import Database
from core.ids import AlarmId
from dashboard.schemas.alarms import AlarmView, alarm_view
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmState
from fleet.alarms.store import AlarmStore
from fleet.vehicles.store import VehicleStore

SHOWN: Final = frozenset(AlarmState) - {AlarmState.CLOSED}
MOST: Final = 2_000
"""Alarms in a snapshot, newest first; a city with more open ones has another problem than its screens."""


class AlarmTopic:
    """fleet.live.feeds.FactFeed of alarms."""

    nouns: tuple[str, ...] = ("alarm",)
    every_s: float | None = None

    def __init__(self, database: Database) -> None:
        """Take where alarms are."""
        self._database = database

    async def snapshot(self, reach: Reach) -> Sequence[AlarmView]:
        """Return every alarm within the reach that is not closed, newest first."""
        async with self._database.read() as tx:
            found = await AlarmStore(tx).page(reach, states=SHOWN, limit=MOST)
            codes = await VehicleStore(tx).codes_of({alarm.vehicle_no for alarm in found})
        return [alarm_view(alarm, codes.get(alarm.vehicle_no)) for alarm in found]

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, AlarmView]:
        """Return the named alarms within the reach; a closed one is absent and so leaves the screens."""
        async with self._database.read() as tx:
            found: list[Alarm] = await AlarmStore(tx).of_ids([AlarmId(text) for text in ids], reach)
            shown = [alarm for alarm in found if alarm.state in SHOWN]
            codes = await VehicleStore(tx).codes_of({alarm.vehicle_no for alarm in shown})
        return {alarm.alarm_id: alarm_view(alarm, codes.get(alarm.vehicle_no)) for alarm in shown}

    def removed(self, id: str) -> dict[str, str]:  # noqa: A002
        """Return what stands for an alarm that left the topic."""
        return {"alarmId": id}
