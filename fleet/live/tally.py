"""How the vehicles of a reach stand, counted in columns: a city's numbers are asked for every two seconds."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.ids import DistrictCode
from fleet.live.reach import mask_of
from fleet.telemetry.records import Records
from fleet.telemetry.roster import Roster
from fleet.telemetry.steps.liveness import ONLINE
from fleet.vehicles.kinds import CONDITIONS, Condition


class FleetTally(msgspec.Struct, frozen=True, kw_only=True):
    """Vehicles that are not out of the fleet, by how they stand."""

    numbers: NDArray[np.intp]
    """All of them, ascending, heard or not."""
    online: int
    conditions: Mapping[DistrictCode, Mapping[Condition, int]]
    """Of those that were ever heard; a 旗区 or condition without any is absent."""

    def of(self, condition: Condition) -> int:
        """Return how many of all are in a condition."""
        return sum(counts.get(condition, 0) for counts in self.conditions.values())


def tally(roster: Roster, reach: Reach, state: Records) -> FleetTally:
    """Return STATE[n] of everybody as counts within a reach; vehicles that the roster does not know yet are
    left out."""
    mask = mask_of(roster, reach)
    state = state[state["vehicle_no"] < len(mask)]
    state = state[mask[state["vehicle_no"]]]
    kinds = len(CONDITIONS)
    where = roster.district[state["vehicle_no"]].astype(np.intp)
    found, counts = np.unique(where * kinds + state["condition"], return_counts=True)
    conditions: dict[DistrictCode, dict[Condition, int]] = {}
    for key, count in zip(found.tolist(), counts.tolist(), strict=True):
        district = DistrictCode(roster.districts.name(key // kinds))
        conditions.setdefault(district, {})[CONDITIONS[key % kinds]] = count
    return FleetTally(
        numbers=np.flatnonzero(mask),
        online=int((state["connection"] == ONLINE).sum()),
        conditions=conditions,
    )
