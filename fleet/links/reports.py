"""A vehicle's report on its way into the inbox: checked, committed with others, then acknowledged."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

import msgspec

from core.clock import Clock, moment_of_ms
from core.errors import SteppeError
from core.ids import VehicleNo
from core.inbox import InboxItem
from fleet.links.frames import EARLIEST_MS
from fleet.links.sender import Sender
from fleet.links.wire.messages import MAX_REPORT_BODY_BYTES, Error, Report, ReportStored
from fleet.links.wire.reports import read_report_body
from fleet.telemetry.roster import Roster

SKEW_WALL_S: Final = 60.0
"""How far a vehicle's clock may run ahead before its facts are refused."""

type Submit = Callable[[InboxItem], Awaitable[Literal["stored", "duplicate"]]]


class Reports:
    """Checks and stores reports of every link and of POST /v1/reports."""

    def __init__(self, submit: Submit, roster: Roster, clock: Clock) -> None:
        self._submit = submit
        self._roster = roster
        self._clock = clock

    async def store(self, sender: Sender, report: Report) -> ReportStored | Error:
        """Return the acknowledgement after the commit, or why the report was refused."""
        refusal = self._refusal(sender, report)
        if refusal is not None:
            return refusal
        item = InboxItem(
            vehicle_no=VehicleNo(report.vehicle_no),
            report_seq=report.report_seq,
            kind=report.kind.value,
            task_id=report.task_id,
            epoch=report.epoch,
            body=bytes(report.body),
            measured_at=moment_of_ms(report.measured_at_ms),
            received_at=self._received_at(),
        )
        try:
            outcome = await self._submit(item)
        except SteppeError as error:
            return _error(report, error.code, error.message)
        return ReportStored(vehicle_no=report.vehicle_no, report_seq=report.report_seq, outcome=outcome)

    def _received_at(self) -> datetime:
        return self._clock.now()

    def _refusal(self, sender: Sender, report: Report) -> Error | None:
        if not sender.owns(report.vehicle_no, self._roster):
            known = report.vehicle_no < self._roster.size and self._roster.heard[report.vehicle_no]
            code = "not-your-vehicle" if known else "unknown-vehicle"
            return _error(report, code, "the credential does not speak for this vehicle", "vehicleNo")
        latest_ms = self._clock.now_ms() + SKEW_WALL_S * 1000 * self._clock.rate
        if not EARLIEST_MS <= report.measured_at_ms <= latest_ms:
            return _error(report, "time-out-of-range", "measured in the future or never", "measuredAtMs")
        if len(bytes(report.body)) > MAX_REPORT_BODY_BYTES:
            return _error(report, "too-large", f"a body has at most {MAX_REPORT_BODY_BYTES} bytes", "body")
        try:
            read_report_body(report.kind, report.body)
        except msgspec.DecodeError as error:
            said, _, path = str(error).partition(" - at `$")
            return _error(report, "invalid-input", said, f"body{path.rstrip('`')}")
        return None


def _error(report: Report, code: str, detail: str, field: str = "") -> Error:
    return Error(code=code, detail=detail, field=field, vehicle_no=report.vehicle_no)
