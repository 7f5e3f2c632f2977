"""What operators spent on alarms: minutes by vehicle within a span, each person's minute once. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from core.ids import StaffId, VehicleNo
from fleet.alarms.alarm import NO_VEHICLE, Alarm
from fleet.takeovers.takeover import Takeover

COUNTED_AT_MOST: Final = timedelta(minutes=5)
"""City time of one alarm. An answer is chosen from a list on the console that shows the vehicle already: an
alarm that stays open for longer than a major one may wait for its first look (``AlarmSettings.major_lead_s``)
lies beside other work. Help that takes longer is a takeover session or a crew, and is counted whole."""


class _Span(NamedTuple):
    """Somebody is at something; ``vehicle_no`` None: a takeover, which is counted elsewhere."""

    vehicle_no: VehicleNo | None
    from_at: datetime
    to_at: datetime


def alarm_minutes(
    alarms: Iterable[Alarm],
    takeovers: Iterable[Takeover],
    began: datetime,
    ended: datetime,
    *,
    now: datetime,
) -> dict[VehicleNo, float]:
    """Return the minutes from taking an alarm to answering it that lie within the span.

    An alarm counts until its answer, until its cause is gone, or five minutes, whichever is first; one that
    nobody took, and one of no vehicle, counts nothing. A minute in which its person has several is shared by
    them, and one in which he has a takeover session is the session's. A vehicle without any is absent.
    Neighbouring spans add up. Give the alarms taken from five minutes before ``began`` on, and the sessions
    under way within the span.
    """
    spans: dict[StaffId, list[_Span]] = {}
    for alarm in alarms:
        if alarm.taken_at is None or alarm.taken_by is None or alarm.vehicle_no == NO_VEHICLE:
            continue
        ends = (alarm.answered_at, alarm.cleared_at, alarm.taken_at + COUNTED_AT_MOST, now)
        until = min(end for end in ends if end is not None)
        spans.setdefault(alarm.taken_by, []).append(_Span(alarm.vehicle_no, alarm.taken_at, until))
    for session in takeovers:
        held = None if session.claimed_by is None else spans.get(session.claimed_by)
        if held is not None and session.claimed_at is not None:
            held.append(_Span(None, session.claimed_at, session.ended_at or now))
    spent: dict[VehicleNo, float] = {}
    for of_person in spans.values():
        for number, minutes in _shared(of_person, began, ended):
            spent[number] = spent.get(number, 0.0) + minutes
    return spent


def _shared(held: list[_Span], began: datetime, ended: datetime) -> Iterable[tuple[VehicleNo, float]]:
    """Minutes of one person: between two changes of what he is at, they are shared by all of it."""
    moments = sorted({began, ended, *(at for span in held for at in (span.from_at, span.to_at))})
    for from_at, to_at in pairwise(moments):
        if from_at < began or to_at > ended:
            continue
        at_hand = [span.vehicle_no for span in held if span.from_at <= from_at and to_at <= span.to_at]
        numbers = [number for number in at_hand if number is not None]
        if len(numbers) < len(at_hand):
            continue
        for number in numbers:
            yield number, (to_at - from_at).total_seconds() / 60 / len(numbers)
