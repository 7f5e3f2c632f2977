"""The rule at each vehicle's last position, worked out again only when something that decides it changed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ids import OperatorId
from fleet.telemetry.roster import longer
from fleet.telemetry.tick import Numbers, Tick
from geofences.memberships import NONE, Keys, no_keys, rows_of, same
from geofences.rules import SERVICE_CODES, Judgement, RuleColumns

type Columns = tuple[NDArray[Any], ...]
"""One a field of Judgement."""


class RuleMemory:
    """Columns by vehicle_no. A rule follows from the fences around a position, the fences in force at the
    minute, and the vehicle's service and operator: while none of them changes it is the one of before."""

    def __init__(self, size: int) -> None:
        self._keys: Keys = no_keys(size)
        self._columns: Columns = tuple(
            np.zeros(size, np.float64 if name == "speed_limit_mps" else np.int32)
            for name in Judgement._fields
        )
        self._rules: RuleColumns | None = None
        self._active: NDArray[np.bool_] | None = None
        self._revision = -1
        self._services = np.zeros(0, np.int64)
        self._operators = np.zeros(0, np.int64)

    def at(self, numbers: Numbers) -> Judgement:
        """Return the rule that holds for each of these vehicles."""
        return Judgement(*(column[numbers] for column in self._columns))

    def judge(
        self,
        tick: Tick,
        numbers: Numbers,
        keys: Keys,
        offsets: NDArray[np.int64],
        fences: NDArray[np.int32],
    ) -> None:
        """Note where these vehicles are now, given their memberships (CSR) and keys; after ``follow``."""
        rows = np.flatnonzero(~same(keys, self._keys[numbers]))
        if not len(rows):
            return
        who = numbers[rows]
        judged: Columns = tick.index.rules.judge(
            *rows_of(offsets, fences, rows),
            tick.now,
            self._services[tick.roster.service[who]],
            self._operators[tick.roster.operator[who]],
        )
        for column, found in zip(self._columns, judged, strict=True):
            column[who] = found
        self._keys[who] = keys[rows]

    def follow(self, tick: Tick) -> bool:
        """Forget every rule when the fences, those in force, or the roster are others; return whether so."""
        rules = tick.index.rules
        active = rules.active(tick.now)
        is_same = rules is self._rules and tick.roster.kinds_revision == self._revision
        if is_same and active is self._active:
            return False
        if not is_same:
            self._rules, self._revision = rules, tick.roster.kinds_revision
            self._services = np.array([SERVICE_CODES[service] for service in tick.roster.services])
            names = tick.roster.operators.all()
            self._operators = np.array([rules.operator_code(OperatorId(name)) for name in names])
        elif self._active is not None and np.array_equal(active, self._active):
            self._active = active
            return False
        self._active = active
        self._keys[:] = NONE
        return True

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        more = size - len(self._keys)
        if more > 0:
            self._keys = np.concatenate((self._keys, no_keys(more)))
            self._columns = tuple(longer(column, size) for column in self._columns)

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._keys[numbers] = NONE
