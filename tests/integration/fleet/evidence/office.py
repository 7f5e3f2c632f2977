"""Stores, files and a sealer over them, and a vehicle that collides."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from core import keys
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.clock import ms_of_moment
from core.database import Database
from core.ids import VehicleNo
from core.redis import Redis
from core.settings import JudgingSettings
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind
from fleet.commands.take_answer import AnswerHandler
from fleet.evidence.bundle import EvidenceSigner, Verified, read_parts, verify_bundle
from fleet.evidence.read_window import HistoryWindow
from fleet.evidence.refused import RefusedSamplesOf
from fleet.evidence.seal_evidence import EvidenceSealer
from fleet.evidence.store import BundleStore
from fleet.history.files import RawFiles
from fleet.incidents.incident import Incident
from fleet.incidents.open_incidents import IncidentFollower
from fleet.incidents.rules import rules_of
from fleet.incidents.store import IncidentStore
from fleet.incidents.take_recording import recording_ended
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.status import new_status
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records, entry_fields
from fleet.violations.open_violations import follow_alarm
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT, a_principal, a_report

PARTITIONS = 4
RULES = rules_of(JudgingSettings())
SIGNER = EvidenceSigner("a secret of a test that is long enough")
AGENT = a_principal(Role.AGENCY)
ROOT = Path(__file__).parents[4]


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def positions(from_s: int, to_s: int, *, number: int = 1, at: datetime = AT) -> Records:
    """A position a second, both ends included."""
    seconds = np.arange(from_s, to_s + 1)
    records = np.zeros(len(seconds), STREAM_POSITION)
    records["vehicle_no"] = number
    records["seq"] = seconds + 1_000_000
    records["measured_ms"] = ms_of_moment(at) + seconds * 1000
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    return records


def status(second: int, number: int = 1, **fields: Any) -> Records:
    records = np.zeros(1, STREAM_STATUS)
    records["status"] = new_status(1)
    records["status"]["vehicle_no"], records["status"]["status_seq"] = number, second + 1000
    records["measured_ms"] = ms_of_moment(later(second))
    for name, value in fields.items():
        records["status"][name] = value
    return records


NO_STATUS = np.zeros(0, STREAM_STATUS)


class Office:
    """Stores, files and a sealer over them."""

    def __init__(self, database: Database, redis: Redis, folder: Path, clock: SettableClock) -> None:
        self.database = database
        self.redis = redis
        self.clock = clock
        self.files = RawFiles(folder)
        self.files.prepare()
        self.sink = AlarmSink(database)
        self.sealer = EvidenceSealer(
            database,
            clock,
            SIGNER,
            HistoryWindow(redis, folder, partitions=PARTITIONS),
            RefusedSamplesOf(database, redis),
            RULES,
        )

    def on_disk(self, records: Records, statuses: Records = NO_STATUS) -> None:
        closed_ms = int(records["measured_ms"].max()) + 500
        self.files.write(records, records["measured_ms"] + 40, statuses, {1: f"{closed_ms}-0"}, closed_ms)

    async def in_stream(self, records: Records, statuses: Records = NO_STATUS) -> None:
        fields = entry_fields(int(records["measured_ms"].max()) + 40, records, statuses)
        await self.redis.xadd(keys.telemetry(1), fields)

    async def crash(self, second: float = 0) -> Incident:
        """Have vehicle 1 collide."""
        signal = AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.COLLISION, at=later(second))
        await self.sink.put([signal])
        await AlarmFollowUp(self.database, self.clock, [follow_alarm, IncidentFollower(RULES)]).work_once()
        return await self.incident()

    async def incident(self) -> Incident:
        async with self.database.read() as tx:
            [found] = await IncidentStore(tx).page(EVERYTHING)
        return found

    async def answer(self, detail: str = "front and rear kept") -> None:
        """Have the vehicle say that its recordings are kept."""
        command = (await self.incident()).recording_command
        result = {"commandId": command, "result": "succeeded", "detail": detail}
        async with self.database.write() as tx:
            handler = AnswerHandler({CommandKind.PRESERVE_RECORDING: recording_ended})
            assert await handler(tx, a_report(1, "command_result", result), at=self.clock.now()) == "applied"

    async def bundle(self, edition: int = 1) -> "Opened":
        incident = await self.incident()
        async with self.database.read() as tx:
            return Opened(await BundleStore(tx).data(incident.incident_id, edition))


class Opened:
    """A sealed file taken apart."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.seen: Verified = verify_bundle(data, SIGNER.public_key)
        assert self.seen.holds, self.seen.findings
        self._parts = read_parts(data)

    def __getitem__(self, name: str) -> Any:
        raw = self._parts[name]
        return [json.loads(line) for line in raw.splitlines()] if name.endswith("l") else json.loads(raw)

    @property
    def seconds(self) -> list[float]:
        return [(row["measured_ms"] - ms_of_moment(AT)) / 1000 for row in self["positions.jsonl"]]
