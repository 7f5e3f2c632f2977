"""Reports of one vehicle: numbered once, kept until the city has stored them, sent one after the other."""

import msgspec

from fleet.links.wire.messages import Report, body_of
from fleet.links.wire.reports import REPORT_BODIES, ReportBody, ReportKind
from simulator.vehicles.memory import VehicleMemory

_KIND_OF = {body: kind for kind, body in REPORT_BODIES.items()}
AGAIN_AFTER_WALL_S = 5.0
"""A report that nobody confirmed is sent again after this."""


class ReportBook:
    """The reports of one vehicle that wait; at most one is on its way, so that they arrive in order."""

    def __init__(self, vehicle_no: int, memory: VehicleMemory) -> None:
        self._vehicle_no = vehicle_no
        self._memory = memory
        self._sent_at_s: float | None = None
        self.is_dirty = False
        """Whether the memory has changed since it was written."""
        self._is_unwritten = False

    def add(
        self, body: ReportBody, now_ms: int, *, task_id: str | None = None, epoch: int | None = None
    ) -> None:
        """State a fact."""
        self._memory.report_seq += 1
        self._memory.reports.append(
            Report(
                vehicle_no=self._vehicle_no,
                report_seq=self._memory.report_seq,
                kind=ReportKind(_KIND_OF[type(body)]),
                measured_at_ms=now_ms,
                task_id=task_id,
                epoch=epoch,
                body=body_of(body),
            )
        )
        self.is_dirty = self._is_unwritten = True

    def written(self) -> None:
        """Note that the memory was written: what was stated may leave the vehicle."""
        self.is_dirty = self._is_unwritten = False

    def next_to_send(self, wall_s: float) -> Report | None:
        """Return the oldest report when it is due to be sent (again); None while it is on its way.

        Nothing is sent before it is written: a number used twice would lose the second fact.
        """
        if not self._memory.reports or self._is_unwritten:
            return None
        if self._sent_at_s is not None and wall_s - self._sent_at_s < AGAIN_AFTER_WALL_S:
            return None
        self._sent_at_s = wall_s
        return self._memory.reports[0]

    def stored(self, report_seq: int) -> None:
        """Forget a report that the city has; a number that is not waiting changes nothing."""
        if any(report.report_seq == report_seq for report in self._memory.reports):
            self._memory.reports = [r for r in self._memory.reports if r.report_seq != report_seq]
            self._sent_at_s = None
            self.is_dirty = True

    def refused(self, report_seq: int) -> None:
        """Forget a report that the city will never take (it said why); keeping it would block the others."""
        self.stored(report_seq)

    def link_lost(self) -> None:
        """Take what was on its way as not arrived."""
        self._sent_at_s = None

    def waiting(self) -> int:
        """Return how many reports wait to be stored."""
        return len(self._memory.reports)


def as_struct(report: Report) -> ReportBody:
    """Return the typed body of a report, for tests and logs."""
    return msgspec.json.decode(report.body, type=REPORT_BODIES[ReportKind(report.kind)])
