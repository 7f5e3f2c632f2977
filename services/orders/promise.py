"""What a recipient is promised: two times, not a hope. P50 is met by half of the orders, P90 by nine of
ten."""

import math
from datetime import datetime, timedelta

import msgspec

LOAD_S = 120.0
"""From the vehicle standing at the merchant to its leaving (our own measure of the simulator, city
seconds)."""
APPROACH_S = 20.0
"""Pulling up at the pickup point and unlocking."""
HANDOVER_S = 90.0
"""How long a recipient keeps the vehicle at the door (our own measure of the simulator, city seconds; the
longest wait is the pickup point's own)."""
DISPATCH_S = 6.0
"""Wall seconds from accepted to the vehicle moving: a dispatch tick and the way of the command."""
DRIVE_SIGMA = 0.18
"""Spread of a drive as a share of its expected time: lights, crossings, slow zones."""
PREPARE_SIGMA = 0.25
"""Spread of the merchant's preparation as a share of what the merchant says."""
ANSWER_SIGMA = 0.8
"""Spread of a merchant's answer: people are mostly quick and sometimes away."""
LOAD_SIGMA = 0.5
"""Spread of loading: the walk to the vehicle."""
Z90 = 1.2816
"""The 90th percentile of the standard normal distribution."""


class PromiseInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a promise is made from; all durations in city seconds.

    ``pickup_drive_s`` is the expected way of the likely vehicle to the merchant; ``vehicles`` and
    ``waiting`` are the zone's working vehicles and the orders that wait before this one; ``job_s`` is how
    long a delivery holds a vehicle.
    """

    prepare_s: float
    pickup_drive_s: float
    delivery_drive_s: float
    free_vehicles: int
    vehicles: int
    waiting: int
    job_s: float
    answer_s: float = 0.0
    """How long the merchant takes to accept; 0 for one that accepts by itself."""
    dispatch_s: float = DISPATCH_S
    """``DISPATCH_S`` in city seconds."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Two durations from now and the terms they came from, in city seconds."""

    p50_s: float
    p90_s: float
    queue_s: float
    pickup_s: float
    drive_s: float

    def p50_at(self, at: datetime) -> datetime:
        """Return the moment that half of such orders meet."""
        return at + timedelta(seconds=self.p50_s)

    def p90_at(self, at: datetime) -> datetime:
        """Return the moment that nine of ten such orders meet."""
        return at + timedelta(seconds=self.p90_s)


def queue_s(given: PromiseInput) -> float:
    """Return how long the order waits until a vehicle is free for it.

    Nothing while free vehicles outnumber the waiting orders; else the vehicles come free evenly over
    ``job_s``. Without any vehicle the queue is as long as one job for every order before it.
    """
    ahead = given.waiting + 1 - given.free_vehicles
    if ahead <= 0:
        return 0.0
    return ahead * given.job_s / max(1, given.vehicles)


def promise(given: PromiseInput) -> Promise:
    """Return the two promised durations; whole minutes, P90 at least two minutes past P50.

    The pickup begins when vehicle and goods are both there. Spreads of independent parts add as squares.
    """
    queue = queue_s(given)
    vehicle_there = given.dispatch_s + queue + given.pickup_drive_s
    pickup = given.answer_s + max(vehicle_there, given.prepare_s)
    drive = given.delivery_drive_s + APPROACH_S
    p50 = pickup + LOAD_S + drive
    spread = math.hypot(
        DRIVE_SIGMA * (given.pickup_drive_s + given.delivery_drive_s),
        PREPARE_SIGMA * given.prepare_s,
        ANSWER_SIGMA * given.answer_s,
        LOAD_SIGMA * LOAD_S,
        0.5 * queue,
    )
    p50_s = _whole_minutes(p50)
    p90_s = max(_whole_minutes(p50 + Z90 * spread + 60.0), p50_s + 120.0)
    return Promise(p50_s=p50_s, p90_s=p90_s, queue_s=queue, pickup_s=pickup, drive_s=drive)


def _whole_minutes(seconds: float) -> float:
    return math.ceil(seconds / 60.0) * 60.0
