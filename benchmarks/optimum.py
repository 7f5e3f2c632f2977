"""The proven optimum of small cases by CP-SAT (OR-tools), in the measure of all solvers (``Judge``)."""

from typing import Final

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.plane_town import SIDE_M, SPEED_MPS
from core.ids import OrderId, VehicleNo
from services.delivery.compartments import Compartment, Parcel
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN, Carrier, Problem, Shipment
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S

VEHICLES, ORDERS = 3, 5
TENTHS: Final = 10
"""Costs in tenths of a second: the weights are tenths."""
HORIZON_S: Final = 20_000
MOST_S: Final = 120.0
NEVER_S: Final = 1e6
"""No other vehicle comes free: every order is served now."""


def small_problem(seed: int) -> Problem:
    """Return a case of three vehicles and five orders whose places all differ; whole seconds throughout."""
    rng = np.random.default_rng(1_000 + seed)
    points = rng.uniform(0, SIDE_M, (VEHICLES + 2 * ORDERS, 2))
    metres = np.abs(points[:, None] - points[None]).sum(-1)
    seconds = np.ceil(metres / SPEED_MPS)
    shipments = tuple(
        Shipment(
            order_id=OrderId(f"o-{n}"),
            shop=VEHICLES + n,
            door=VEHICLES + ORDERS + n,
            parcel=Parcel(litres=10, mass_kg=2),
            ready_s=float(rng.integers(0, 600)),
            due_s=float(rng.integers(1_200, 3_600)),
        )
        for n in range(ORDERS)
    )
    boxes = tuple(Compartment(number=n + 1, label=f"A{n + 1}", litres=40, max_kg=12) for n in range(4))
    may = frozenset(each.order_id for each in shipments)
    carriers = tuple(
        Carrier(vehicle_no=VehicleNo(n + 1), start=n, layout=boxes, may=may, reach_m=1e6)
        for n in range(VEHICLES)
    )
    return Problem(
        shipments=shipments, carriers=carriers, duration_s=(seconds,), length_m=(metres,), next_free_s=1e6
    )


def optimum_s(problem: Problem) -> float | None:
    """Return the least cost that any runs serving every order can have, None when it was not proven in
    time."""
    model = cp_model.CpModel()
    costs: list[cp_model.LinearExpr] = []
    takes: dict[tuple[int, int], cp_model.IntVar] = {}
    for number in range(len(problem.carriers)):
        costs += _add_vehicle(model, problem, number, takes)
    for order in range(len(problem.shipments)):
        model.add_exactly_one(takes[number, order] for number in range(len(problem.carriers)))
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = MOST_S
    solver.parameters.num_workers = 2
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return float(solver.objective_value) / TENTHS


def _add_vehicle(
    model: cp_model.CpModel,
    problem: Problem,
    number: int,
    takes: dict[tuple[int, int], cp_model.IntVar],
) -> list[cp_model.LinearExpr]:
    """Add the circuit of one vehicle: node 0 is where it stands and, for nothing, where it ends."""
    carrier, orders = problem.carriers[number], range(len(problem.shipments))
    seconds = problem.duration_s[carrier.road]
    nodes = [(order, is_load) for is_load in (True, False) for order in orders]
    spots = [problem.shipments[o].shop if is_load else problem.shipments[o].door for o, is_load in nodes]
    arrives = [model.new_int_var(0, HORIZON_S, f"t{number}-{n}") for n in range(len(nodes))]
    leaves = []
    for n, (order, is_load) in enumerate(nodes):
        ready = int(problem.shipments[order].ready_s) if is_load else 0
        left = model.new_int_var(0, 2 * HORIZON_S, f"l{number}-{n}")
        model.add(left >= arrives[n] + int(LOAD_S if is_load else HANDOVER_S))
        model.add(left >= ready + int(LOAD_S) if is_load else left >= 0)
        leaves.append(left)
        if is_load:
            takes[number, order] = model.new_bool_var(f"x{number}-{order}")
    costs: list[cp_model.LinearExpr] = []
    arcs: list[tuple[int, int, cp_model.LiteralT]] = [(0, 0, model.new_bool_var(f"idle{number}"))]
    for n, (order, _) in enumerate(nodes):
        arcs.append((n + 1, n + 1, takes[number, order].negated()))
        arcs.append((n + 1, 0, model.new_bool_var(f"end{number}-{n}")))
        for before in range(-1, len(nodes)):
            if before == n:
                continue
            arc = model.new_bool_var(f"a{number}-{before}-{n}")
            arcs.append((before + 1, n + 1, arc))
            start = carrier.start if before < 0 else spots[before]
            drive = int(seconds[start, spots[n]])
            costs.append(TENTHS * drive * arc)
            since: cp_model.LinearExprT = 0 if before < 0 else leaves[before]
            model.add(arrives[n] >= since + drive).only_enforce_if(arc)
    model.add_circuit(arcs)
    model.add(sum(takes[number, order] for order in orders) <= MOST_ORDERS_A_RUN)
    for order in orders:
        costs += _lateness(
            model, problem, number, order, (leaves[order], arrives[len(orders) + order]), takes
        )
    return costs


def _lateness(
    model: cp_model.CpModel,
    problem: Problem,
    number: int,
    order: int,
    times: tuple[cp_model.IntVar, cp_model.IntVar],
    takes: dict[tuple[int, int], cp_model.IntVar],
) -> list[cp_model.LinearExpr]:
    """Load before hand over; the wait and what is late cost what Judge says."""
    loaded, arrives = times
    taken, shipment = takes[number, order], problem.shipments[order]
    model.add(arrives >= loaded).only_enforce_if(taken)
    direct_s = float(problem.duration_s[0][shipment.shop, shipment.door])
    soonest_s = shipment.ready_s + LOAD_S + direct_s + APPROACH_S
    delay = model.new_int_var(0, 2 * HORIZON_S, f"d{number}-{order}")
    late = model.new_int_var(0, 2 * HORIZON_S, f"e{number}-{order}")
    model.add(delay >= arrives + int(APPROACH_S) - int(soonest_s)).only_enforce_if(taken)
    model.add(late >= arrives + int(APPROACH_S) - int(max(shipment.due_s, soonest_s))).only_enforce_if(taken)
    return [TENTHS * delay, round(TENTHS * problem.late_weight) * late]
