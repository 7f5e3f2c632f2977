"""A fleet counted in columns comes out as counted one by one."""

from collections import Counter

import numpy as np
import pytest

from core.auth.principal import Reach
from core.ids import DistrictCode, VehicleNo
from fleet.live.tally import tally
from fleet.telemetry.records import STATE
from fleet.telemetry.steps.liveness import CONNECTIONS
from fleet.vehicles.kinds import CONDITIONS, Condition, Connection
from tests.unit.fleet.live.test_cells import a_city

HEARD = 400
DS = DistrictCode("DS")


@pytest.mark.parametrize(
    "reach",
    [
        Reach(),
        Reach(districts=frozenset({DS})),
        Reach(vehicles=frozenset(map(VehicleNo, range(100, 140)))),
        Reach(districts=frozenset()),
    ],
)
def test_counted_in_columns_as_one_by_one(reach: Reach) -> None:
    rng = np.random.default_rng(3)
    codes = ["KB", "DS", "DL"]
    state = np.zeros(HEARD, STATE)
    state["vehicle_no"] = rng.permutation(np.arange(1, 2 * HEARD))[:HEARD]
    state["condition"] = rng.integers(0, len(CONDITIONS), HEARD)
    state["connection"] = rng.integers(0, len(CONNECTIONS), HEARD)
    found = tally(a_city(" ".join(codes), HEARD), reach, state)

    online, conditions = 0, dict[DistrictCode, Counter[Condition]]()
    for one in state:
        number, district = VehicleNo(int(one["vehicle_no"])), DistrictCode(codes[one["vehicle_no"] % 3])
        is_within = reach.districts is None or district in reach.districts
        is_within &= reach.vehicles is None or number in reach.vehicles
        if number <= HEARD and is_within:
            online += CONNECTIONS[one["connection"]] is Connection.ONLINE
            conditions.setdefault(district, Counter())[CONDITIONS[one["condition"]]] += 1
    assert (found.online, found.conditions) == (online, conditions)
    driving = sum(counts[Condition.DRIVING] for counts in conditions.values())
    assert found.of(Condition.DRIVING) == driving


def test_the_never_heard_are_among_the_numbers_and_stand_nowhere() -> None:
    found = tally(a_city("KB DS", 9), Reach(districts=frozenset({DS})), np.zeros(0, STATE))
    assert (found.numbers.tolist(), found.online, found.conditions) == ([1, 3, 5, 7, 9], 0, {})
