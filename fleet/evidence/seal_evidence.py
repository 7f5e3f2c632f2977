"""Sealing what is owed: a window is read, put together, signed, and stored with the fact that it was.

Nothing but the last transaction writes, so a process that dies anywhere leaves what was owed as it was, and
the next pass does it again. Two may run: an edition is stored by whoever is first.
"""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import numpy as np
import structlog

from core import audit
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.errors import Conflict, SteppeError, Unavailable, VersionMismatch
from core.ids import IncidentId
from core.repeating import repeat
from fleet.evidence.bundle import About, EvidenceSigner, Part, canonical, seal_bundle, verify_bundle
from fleet.evidence.read_window import WindowReader, WindowTelemetry, position_rows, status_rows
from fleet.evidence.store import BundleStore, SealedBundle
from fleet.evidence.waiting import Awaited, waiting_of
from fleet.incidents.incident import Incident, seal
from fleet.incidents.kinds import IncidentEvent
from fleet.incidents.rules import IncidentRules
from fleet.incidents.store import IncidentStore
from fleet.incidents.take_recording import recording_is_open
from fleet.telemetry.records import Records

if TYPE_CHECKING:
    from fleet.evidence.gather_facts import Box, Facts
    from fleet.evidence.judge_again import JudgedAgain
    from fleet.telemetry.guard import Bounds

_log = structlog.get_logger("fleet.evidence")

WHAT: Final = {
    "incident.json": "the incident as it stood when this was sealed",
    "vehicle.json": "the vehicle: code, maker, model, software, states",
    "papers.json": "permits and insurances of the vehicle",
    "positions.jsonl": "every position of the window at full rate, refused ones with the reason (wire units)",
    "status.jsonl": "every status record of the window, by field and as bytes (wire units)",
    "refused.json": "samples of what was refused, with reason, clock offset and bytes",
    "commands.json": "commands to the vehicle that were open in the window",
    "recordings.json": "what the vehicle was told to keep, and what it answered",
    "audit.json": "what people did with the vehicle in the window, with the place in the audit chain",
    "operators.json": "which remote operator watched the vehicle when",
    "alarms.json": "alarms that stood in the window",
    "violations.json": "violations that lasted in the window",
    "fence_events.json": "crossings of the window",
    "fences.json": "fence set version and the fence versions in force near the vehicle",
    "sources.json": "where the telemetry came from, and what is missing",
}
"""The parts in the order of the chain."""


class RefusedFrames(Protocol):
    """What was refused of a vehicle, where somebody kept it."""

    async def of_vehicle(self, vehicle_no: int, from_ms: int, to_ms: int) -> list[dict[str, Any]]:
        """Return what was received in a span of city milliseconds, with reason and clock offset."""
        ...


class EvidenceSealer:
    """Seals what incidents are owed, again and again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signer: EvidenceSigner,
        reader: WindowReader,
        refused: RefusedFrames,
        rules: IncidentRules,
        *,
        durable_wait_s: float = 300.0,
        every_s: float = 2.0,
    ) -> None:
        """Take the stores, the key, who reads telemetry, and the waits in wall seconds."""
        self._database = database
        self._clock = clock
        self._signer = signer
        self._reader = reader
        self._refused = refused
        self._rules = rules
        self._durable_wait_s = durable_wait_s
        self._every_s = every_s
        self._waiting: dict[IncidentId, float] = {}
        self._failing: set[IncidentId] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until `stop`; an outage of a store is waited out."""
        await repeat("evidence", self.seal_once, self._every_s, stop)

    async def seal_once(self) -> int:
        """Seal every edition that is owed and can be sealed now; return how many."""
        at = self._clock.now()
        async with self._database.read() as tx:
            owed = await IncidentStore(tx).evidence_owed(at - self._rules.settle)
        sealed = 0
        for incident in owed:
            try:
                sealed += await self._seal(incident)
                self._failing.discard(incident.incident_id)
            except (Unavailable, Conflict, VersionMismatch) as error:
                # somebody was faster, or a store is away: the next pass sees what is still owed
                _log.info(
                    "evidence_later",
                    incident_id=incident.incident_id,
                    code=error.code,
                    reason=str(error.__cause__),
                )
            except (SteppeError, ValueError, LookupError) as error:
                self._complain(incident.incident_id, error)
        return sealed

    async def _seal(self, incident: Incident) -> bool:
        at = self._clock.now()
        if await self._waits_for_recording(incident, at):
            return False
        from_ms, to_ms = ms_of_moment(incident.window_from), ms_of_moment(incident.window_to)
        telemetry = await self._reader.read(incident.vehicle_no, from_ms, to_ms)
        if not telemetry.is_durable and self._may_wait(incident.incident_id):
            return False
        refused = await self._refused.of_vehicle(incident.vehicle_no, from_ms, to_ms)
        # Polygons and their libraries (30 MB) are loaded by the first incident, not by every archiver.
        from fleet.evidence.gather_facts import district_bounds, gather_facts

        async with self._database.read() as tx:
            facts = await gather_facts(tx, incident, _box(telemetry))
            bounds = await district_bounds(tx, incident.window_from, incident.window_to)
            before = await BundleStore(tx).editions(incident.incident_id)
        edition = incident.evidence_edition + 1
        about = About(
            incident_id=incident.incident_id,
            vehicle_no=incident.vehicle_no,
            edition=edition,
            previous=before[-1].sha256 if before else None,
            why=_why(incident),
            from_at=incident.window_from,
            to_at=incident.window_to,
            sealed_at=at,
            keep_until=at + self._rules.keep,
        )
        judged = await self._judge_again(incident.vehicle_no, from_ms, to_ms, telemetry.positions, bounds)
        data = await asyncio.to_thread(
            seal_bundle, _parts(incident, telemetry, judged, refused, facts), about, self._signer
        )
        await self._store(incident, about, data, at)
        self._waiting.pop(incident.incident_id, None)
        return True

    async def _judge_again(
        self, vehicle_no: int, from_ms: int, to_ms: int, window: Records, bounds: "Bounds | None"
    ) -> "JudgedAgain":
        """Return why the guard did not believe some positions of a window."""
        from fleet.evidence.judge_again import LATE_MS, LEAD_MS, judge_again

        around = await self._reader.around(vehicle_no, from_ms - LATE_MS, to_ms + LATE_MS)
        if not (around["measured_ms"] < from_ms).any():
            around = await self._reader.around(vehicle_no, from_ms - LEAD_MS, to_ms + LATE_MS)
        return await asyncio.to_thread(judge_again, around, window, bounds=bounds, rate=self._clock.rate)

    async def _waits_for_recording(self, incident: Incident, at: datetime) -> bool:
        """Return whether the first edition still waits for what the vehicle says of its recordings."""
        could = waiting_of(incident, self._rules, recording_is_open=True, at=at)
        if could is None or could.awaits is not Awaited.RECORDING:
            return False
        async with self._database.read() as tx:
            return await recording_is_open(tx, incident)

    def _may_wait(self, incident_id: IncidentId) -> bool:
        """Return whether the archiver has still time to store what is in the stream only."""
        since = self._waiting.setdefault(incident_id, self._clock.monotonic_s())
        return self._clock.monotonic_s() - since < self._durable_wait_s

    async def _store(self, incident: Incident, about: About, data: bytes, at: datetime) -> None:
        seen = verify_bundle(data, self._signer.public_key)
        if not seen.holds:
            raise ValueError(f"a bundle that does not hold is not stored: {seen.findings}")
        bundle = SealedBundle(
            incident_id=incident.incident_id,
            edition=about.edition,
            sha256=seen.sha256,
            size=len(data),
            sealed_at=at,
            keep_until=about.keep_until,
            public_key=self._signer.public_key.hex(),
        )
        async with self._database.write() as tx:
            if not await BundleStore(tx).add(bundle, data):
                raise Conflict("conflict", "somebody else sealed this edition")
            sealed = seal(incident, about.edition, deadlines=self._rules.deadlines, at=at)
            await IncidentStore(tx).save(incident, sealed)
            shown = {
                "vehicle_no": incident.vehicle_no,
                "edition": about.edition,
                "sha256": bundle.sha256,
                "size": bundle.size,
            }
            await audit.record(tx, None, "evidence.sealed", f"incident:{incident.incident_id}", shown, at=at)

    def _complain(self, incident_id: IncidentId, error: Exception) -> None:
        """Say once that a bundle cannot be sealed; it is tried again all the same."""
        if incident_id not in self._failing:
            self._failing.add(incident_id)
            _log.exception("evidence_failed", incident_id=incident_id, reason=str(error))


def _why(incident: Incident) -> str:
    """Return what asked for the edition that is owed: the steps since the last one was sealed."""
    sealed = [n for n, step in enumerate(incident.steps) if step.event == IncidentEvent.EVIDENCE_SEALED.value]
    if not sealed:
        return ""
    asking = [step for step in incident.steps[sealed[-1] + 1 :] if step.event in ASKS_AGAIN]
    return "; ".join(f"{step.event}: {step.reason}" for step in asking)


def _box(telemetry: WindowTelemetry) -> "Box | None":
    positions = telemetry.positions
    if not len(positions):
        return None
    lat, lng = positions["lat_e7"] * 1e-7, positions["lng_e7"] * 1e-7
    return float(lat.min()), float(lat.max()), float(lng.min()), float(lng.max())


def _parts(
    incident: Incident,
    telemetry: WindowTelemetry,
    judged: "JudgedAgain",
    refused: list[dict[str, Any]],
    facts: "Facts",
) -> list[tuple[Part, str]]:
    values: dict[str, bytes] = {
        "incident.json": canonical(msgspec.structs.asdict(incident)),
        "positions.jsonl": _lines(position_rows(telemetry.positions, judged.name)),
        "status.jsonl": _lines(status_rows(telemetry.status)),
        "refused.json": canonical(refused),
        "sources.json": canonical(_sources(telemetry, judged)),
    }
    for name in facts.__struct_fields__:
        values[f"{name}.json"] = canonical(getattr(facts, name))
    return [(Part(name, values[name]), what) for name, what in WHAT.items()]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical(row) + b"\n" for row in rows)


def _sources(telemetry: WindowTelemetry, judged: "JudgedAgain") -> dict[str, Any]:
    """Return what a reader must know of the telemetry: how much, from where, and the longest silences."""
    ms = telemetry.positions["measured_ms"]
    silences = [
        {"from_ms": int(ms[row]), "to_ms": int(ms[row + 1])}
        for row in np.flatnonzero(np.diff(ms) > SILENCE_MS)
    ]
    return {
        "positions": len(telemetry.positions),
        "status": len(telemetry.status),
        "in_files": telemetry.in_files,
        "in_stream_only": telemetry.in_stream_only,
        "silences": silences,
        "refused": judged.counts(),
        "judged_by": {"limits": judged.limits, "bounds": judged.bounds, "city_rate": judged.rate},
    }


ASKS_AGAIN: Final = frozenset(
    {"evidence_asked", "evidence_late", "cause_joined", IncidentEvent.REOPENED.value}
)
"""Steps after which a further edition is sealed."""
SILENCE_MS: Final = 5_000
"""A pause between two positions that is said to be one."""
