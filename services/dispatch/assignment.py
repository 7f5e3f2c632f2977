"""Which vehicle goes for which order when each takes one: all candidates at once, never the nearest alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.ids import OrderId, VehicleNo

_FORBIDDEN = 1e9
"""Cost of an infeasible pair: above any sum of real ones, so that as many orders as possible are served."""


def assign(
    orders: Sequence[OrderId],
    vehicles: Sequence[VehicleNo],
    costs: Mapping[tuple[OrderId, VehicleNo], float],
) -> dict[OrderId, VehicleNo]:
    """Return the pairs that serve the most orders at the lowest total cost; each order and vehicle at most
    once.

    ``costs`` holds feasible pairs only, in seconds; a missing pair is infeasible. Orders that nobody takes
    are absent. 200 × 200 takes 1.5 ms (scipy, Jonker–Volgenant).
    """
    # here and not above: the api, which gives a run by hand now and then, loads no solver at its start
    from scipy.optimize import linear_sum_assignment

    if not orders or not vehicles or not costs:
        return {}
    matrix = np.full((len(orders), len(vehicles)), _FORBIDDEN)
    for i, order in enumerate(orders):
        for j, vehicle in enumerate(vehicles):
            cost = costs.get((order, vehicle))
            if cost is not None:
                matrix[i, j] = cost
    rows, columns = linear_sum_assignment(matrix)
    return {
        orders[i]: vehicles[j]
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if matrix[i, j] < _FORBIDDEN
    }
