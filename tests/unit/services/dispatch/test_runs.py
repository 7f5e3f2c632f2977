"""Runs of several orders: what every solver must keep, who wins, and what is done when a solver is late."""

import asyncio
import itertools
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import OrderId, VehicleNo
from services.delivery.compartments import Compartment, Parcel, Temperature, fitting
from services.dispatch.runs import insertion, vroom_solver
from services.dispatch.runs.boxes import boxes_for
from services.dispatch.runs.choose import SINGLES, choose
from services.dispatch.runs.insertion import standing
from services.dispatch.runs.pipe import read_answer, read_problem, write_answer, write_problem
from services.dispatch.runs.polish import polish
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN, Answer, Carrier, Deed, Problem, Shipment, Visit
from services.dispatch.runs.sequence import best_sequence
from services.dispatch.runs.solver import RunSolver
from services.dispatch.runs.timing import MORE_LOAD_S, Judge
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S

SPEED_MPS = 5.0
BOXES = tuple(Compartment(number=n + 1, label=f"A{n + 1}", litres=40, max_kg=12) for n in range(3))
SMALL = Parcel(litres=10, mass_kg=2)


def a_problem(
    vehicles: Sequence[tuple[float, float]],
    orders: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    *,
    due_s: float = 3600.0,
    reach_m: float = 30_000.0,
    layout: tuple[Compartment, ...] = BOXES,
    parcels: list[Parcel] | None = None,
) -> Problem:
    """Vehicles and (shop, door) pairs on a plane in metres, driven in straight lines at 5 m/s."""
    places = [*vehicles, *(shop for shop, _ in orders), *(door for _, door in orders)]
    points = np.array(places, dtype=float).reshape(-1, 2)
    length_m = np.linalg.norm(points[:, None] - points[None], axis=-1)
    shipments = tuple(
        Shipment(
            order_id=OrderId(f"o-{n}"),
            shop=len(vehicles) + n,
            door=len(vehicles) + len(orders) + n,
            parcel=SMALL if parcels is None else parcels[n],
            due_s=due_s,
        )
        for n in range(len(orders))
    )
    may = frozenset(each.order_id for each in shipments)
    carriers = tuple(
        Carrier(vehicle_no=VehicleNo(n + 1), start=n, layout=layout, may=may, reach_m=reach_m)
        for n in range(len(vehicles))
    )
    return Problem(
        shipments=shipments, carriers=carriers, duration_s=(length_m / SPEED_MPS,), length_m=(length_m,)
    )


def load(number: int) -> Visit:
    return Visit(deed=Deed.LOAD, shipment=number)


def hand_over(number: int) -> Visit:
    return Visit(deed=Deed.HAND_OVER, shipment=number)


metres = st.integers(0, 6000).map(float)
point = st.tuples(metres, metres)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    orders = draw(st.lists(st.tuples(point, point), min_size=1, max_size=6))
    parcel = st.sampled_from([SMALL, Parcel(litres=35, mass_kg=9), Parcel(litres=90, mass_kg=2)])
    problem = a_problem(
        draw(st.lists(point, min_size=1, max_size=3)),
        orders,
        due_s=draw(st.sampled_from([-60.0, 900.0, 3600.0])),
        reach_m=draw(st.sampled_from([4_000.0, 12_000.0, 60_000.0])),
        parcels=draw(st.lists(parcel, min_size=len(orders), max_size=len(orders))),
    )
    barred = draw(st.sets(st.sampled_from([each.order_id for each in problem.shipments])))
    first = msgspec.structs.replace(problem.carriers[0], may=problem.carriers[0].may - barred)
    return msgspec.structs.replace(problem, carriers=(first, *problem.carriers[1:]))


def assert_is_drivable(problem: Problem, answer: Answer) -> None:
    judge = Judge(problem)
    carriers = {carrier.vehicle_no: carrier for carrier in problem.carriers}
    assert len({run.vehicle_no for run in answer.runs}) == len(answer.runs)
    carried = [number for run in answer.runs for number in run.shipments()]
    assert len(set(carried)) == len(carried)
    for run in answer.runs:
        carrier = carriers[run.vehicle_no]
        assert judge.fits(carrier, run.shipments())
        assert len(run.shipments()) <= MOST_ORDERS_A_RUN
        assert judge.timing(carrier, run.visits) is not None
        for number in run.shipments():
            assert run.visits.index(load(number)) < run.visits.index(hand_over(number))
        assert len(run.visits) == 2 * len(run.shipments())


@given(problems())
@settings(max_examples=60, deadline=None)
def test_whatever_solver_answers_every_run_can_be_driven_loaded_and_is_allowed(problem: Problem) -> None:
    for answer in (insertion.solve(problem), vroom_solver.solve(problem)):
        assert_is_drivable(problem, answer)


@given(problems())
@settings(max_examples=40, deadline=None)
def test_whom_a_standing_vehicle_could_take_is_left_only_where_waiting_is_cheaper(
    problem: Problem,
) -> None:
    judge = Judge(problem)
    for answer in (insertion.solve(problem), vroom_solver.solve(problem)):
        carried = {number for run in answer.runs for number in run.shipments()}
        going = {run.vehicle_no for run in answer.runs}
        for number in set(range(len(problem.shipments))) - carried:
            for carrier in problem.carriers:
                alone_s = judge.cost_s(carrier, (load(number), hand_over(number)))
                is_able = judge.fits(carrier, [number]) and carrier.vehicle_no not in going
                assert not is_able or alone_s + 1.0 >= judge.left_s(problem.shipments[number])


def test_an_order_is_left_for_a_vehicle_that_comes_free_at_its_door_but_not_for_ever() -> None:
    far = a_problem([(9000, 0)], [((0, 0), (500, 0))])
    soon = msgspec.structs.replace(far, next_free_s=30.0)
    assert insertion.solve(soon).runs == ()
    assert len(insertion.solve(far).runs) == 1
    waited = msgspec.structs.replace(soon.shipments[0], waited_s=2_400.0)
    assert len(insertion.solve(msgspec.structs.replace(soon, shipments=(waited,))).runs) == 1


@given(problems())
@settings(max_examples=40, deadline=None)
def test_polish_never_makes_runs_dearer_and_loses_no_order(problem: Problem) -> None:
    judge = Judge(problem)
    runs = insertion.start(judge)
    before = standing(judge, runs)
    polish(judge, runs)
    assert standing(judge, runs) <= before


def test_the_clock_counts_the_way_the_loading_the_goods_and_the_doors() -> None:
    problem = a_problem([(0, 0)], [((500, 0), (1500, 0)), ((500, 0), (2500, 0))], due_s=10_000)
    late_goods = msgspec.structs.replace(problem.shipments[1], ready_s=400.0)
    problem = msgspec.structs.replace(problem, shipments=(problem.shipments[0], late_goods))
    made = Judge(problem).timing(problem.carriers[0], (load(0), load(1), hand_over(0), hand_over(1)))
    assert made is not None
    assert made.loaded_s[0] == 100 + LOAD_S
    assert made.loaded_s[1] == 400 + LOAD_S, "two places of the problem: the second shop is another stop"
    assert made.arrival_s[0] == made.loaded_s[1] + 200 + APPROACH_S
    assert made.arrival_s[1] == made.arrival_s[0] - APPROACH_S + HANDOVER_S + 200 + APPROACH_S
    assert (made.drive_m, made.drive_s) == (2500, 500)


def twins(vehicles: Sequence[tuple[float, float]]) -> Problem:
    """Two orders of one shop to one door."""
    problem = a_problem(vehicles, [((500, 0), (1500, 0))])
    twin = msgspec.structs.replace(problem.shipments[0], order_id=OrderId("twin"))
    may = frozenset({OrderId("o-0"), OrderId("twin")})
    return msgspec.structs.replace(
        problem,
        shipments=(problem.shipments[0], twin),
        carriers=tuple(msgspec.structs.replace(carrier, may=may) for carrier in problem.carriers),
    )


@pytest.mark.parametrize(
    ("weights", "burden_s", "goes"),
    [
        ({}, 0.0, 1),
        ({"empty_s_per_km": 200.0}, 0.0, 0),
        ({"start_weight": 6.0, "empty_s_per_km": 200.0}, 0.0, 1),
        ({}, 600.0, 0),
    ],
    ids=["the sooner", "the nearer in km", "the sooner again", "the one with charge"],
)
def test_vroom_itself_chooses_by_the_weights_of_the_zone(
    weights: dict[str, float], burden_s: float, goes: int
) -> None:
    # vehicle 0 is a kilometre and 300 s from the shop, vehicle 1 two kilometres and 250 s
    problem = a_problem([(-1000, 0), (2000, 0)], [((0, 0), (0, 500))])
    duration_s = problem.duration_s[0].copy()
    duration_s[0, 2], duration_s[1, 2] = 300.0, 250.0
    tired = msgspec.structs.replace(problem.carriers[1], burden_s=burden_s)
    problem = msgspec.structs.replace(
        problem, duration_s=(duration_s,), carriers=(problem.carriers[0], tired), drive_weight=1.0, **weights
    )
    assert list(vroom_solver._ask(Judge(problem), vroom_solver.MOST_S)) == [goes]


def test_two_orders_of_one_shop_to_one_door_are_one_loading_and_one_stay() -> None:
    problem = twins([(0, 0)])
    made = Judge(problem).timing(problem.carriers[0], (load(0), load(1), hand_over(0), hand_over(1)))
    assert made is not None
    assert made.loaded_s[1] - made.loaded_s[0] == MORE_LOAD_S
    assert made.arrival_s[1] == made.arrival_s[0]


def test_a_run_farther_than_the_battery_goes_or_without_a_way_cannot_be_driven() -> None:
    problem = a_problem([(0, 0)], [((500, 0), (1500, 0))], reach_m=1499.0)
    assert Judge(problem).timing(problem.carriers[0], (load(0), hand_over(0))) is None
    cut = a_problem([(0, 0)], [((500, 0), (1500, 0))])
    cut.length_m[0][1, 2] = cut.duration_s[0][1, 2] = math.inf
    assert Judge(cut).timing(cut.carriers[0], (load(0), hand_over(0))) is None
    assert insertion.solve(cut).runs == vroom_solver.solve(cut).runs == ()


def test_the_best_sequence_is_the_least_of_all() -> None:
    problem = a_problem(
        [(0, 0)], [((900, 0), (100, 300)), ((100, 0), (2000, 0)), ((1500, 400), (300, 900))], due_s=700
    )
    judge, carrier = Judge(problem), problem.carriers[0]
    visits = [*(load(n) for n in range(3)), *(hand_over(n) for n in range(3))]
    every = [
        tried
        for tried in itertools.permutations(visits)
        if all(tried.index(load(n)) < tried.index(hand_over(n)) for n in range(3))
    ]
    best = best_sequence(judge, carrier, frozenset(range(3)))
    assert best is not None
    assert best[1] == pytest.approx(min(judge.cost_s(carrier, tried) for tried in every))


def test_a_chilled_order_gets_the_chilled_box_and_leaves_the_others_theirs() -> None:
    layout = (
        Compartment(number=1, label="A1", litres=60, max_kg=15),
        Compartment(number=2, label="C1", litres=40, max_kg=12, temperature=Temperature.CHILLED),
    )
    milk = Parcel(litres=10, mass_kg=2, temperature=Temperature.CHILLED)
    given_boxes = boxes_for(layout, [SMALL, milk])
    assert given_boxes is not None
    assert [box.number for box in given_boxes] == [1, 2]
    assert boxes_for(layout, [milk, milk]) is None
    assert boxes_for(layout, [SMALL, SMALL, SMALL]) is None
    for parcel in (SMALL, milk, Parcel(litres=50, mass_kg=1)):
        assert boxes_for(layout, [parcel]) == (fitting(layout, (), parcel),)


def test_neighbours_of_one_shop_ride_together_and_strangers_do_not() -> None:
    near = twins([(0, 0), (0, 50)])
    alone = {OrderId("o-0"): VehicleNo(1), OrderId("twin"): VehicleNo(2)}
    assert len(choose(near, alone, vroom_solver.solve(near)).runs) == 1
    apart = a_problem([(0, 0), (6000, 6000)], [((100, 0), (600, 0)), ((6000, 5900), (6000, 5400))])
    alone = {OrderId("o-0"): VehicleNo(1), OrderId("o-1"): VehicleNo(2)}
    chosen = choose(apart, alone, vroom_solver.solve(apart))
    assert len(chosen.runs) == 2
    assert chosen.solver == SINGLES


def test_with_fewer_vehicles_than_orders_nobody_is_left_standing_at_the_shop() -> None:
    orders = [((500 + 10 * n, 0), (1500 + 50 * n, 0)) for n in range(3)]
    problem = a_problem([(0, 0)], orders)
    answer = choose(problem, {OrderId("o-0"): VehicleNo(1)}, vroom_solver.solve(problem))
    assert sorted(answer.runs[0].shipments()) == [0, 1, 2]


@given(problems())
@settings(max_examples=20, deadline=None)
def test_problem_and_answer_come_out_of_the_pipe_as_they_went_in(problem: Problem) -> None:
    back = read_problem(write_problem(problem)[4:])
    assert (back.shipments, back.carriers) == (problem.shipments, problem.carriers)
    assert all(np.array_equal(a, b) for a, b in zip(back.length_m, problem.length_m, strict=True))
    answer = insertion.solve(problem)
    assert read_answer(write_answer(answer)[4:]) == answer


A_PROBLEM = a_problem([(0, 0), (900, 900)], [((500, 0), (1500, 0)), ((600, 0), (1500, 90))])
"""Something to ask a solver's process."""


async def test_the_process_answers_once_it_is_there_and_a_killed_one_costs_one_answer() -> None:
    solver = RunSolver()
    try:
        assert (await solver.solve(A_PROBLEM)).solver == insertion.NAME
        await solver.ready()
        assert (await solver.solve(A_PROBLEM)).solver == vroom_solver.NAME
        assert solver._process is not None
        solver._process.kill()
        await solver._process.wait()
        assert (await solver.solve(A_PROBLEM)).solver == insertion.NAME
    finally:
        await solver.close()


LATE = """
import sys, time
sys.stdout.buffer.write(bytes(4)); sys.stdout.buffer.flush()
time.sleep(60)
"""
NONSENSE = """
import sys
sys.stdout.buffer.write(bytes(4)); sys.stdout.buffer.flush()
sys.stdin.buffer.read(4)
sys.stdout.buffer.write((2).to_bytes(4, "big") + b"no"); sys.stdout.buffer.flush()
sys.stdin.buffer.read()
"""


@pytest.mark.parametrize("words", [LATE, NONSENSE], ids=["late", "nonsense"])
async def test_a_solver_that_is_late_or_mad_is_ended_and_insertion_answers(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strange_solver.py").write_text(words)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    solver = RunSolver(deadline_s=0.5, module="strange_solver")
    try:
        await solver.ready()
        process = solver._process
        assert (await solver.solve(A_PROBLEM)).solver == insertion.NAME
        assert process is not None
        assert await asyncio.wait_for(process.wait(), 5) != 0
    finally:
        await solver.close()


async def test_a_solver_that_has_started_after_the_last_question_is_ended_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quick_solver.py").write_text(f"import os; open('pid', 'w').write(str(os.getpid()))\n{LATE}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.getcwd()]))
    monkeypatch.chdir(tmp_path)
    solver = RunSolver(module="quick_solver")
    assert (await solver.solve(A_PROBLEM)).solver == insertion.NAME
    starting = solver._starting
    assert starting is not None
    await asyncio.wait({starting})
    await solver.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("solve", [insertion.solve, vroom_solver.solve], ids=["insertion", "vroom"])
def test_no_run_ends_after_the_permitted_hours_though_each_order_alone_would(
    solve: Callable[[Problem], Answer],
) -> None:
    shop = (0.0, 0.0)
    problem = a_problem([shop], [(shop, (3_000.0, 0.0)), (shop, (3_000.0, 0.0)), (shop, (0.0, 3_000.0))])
    alone_s = LOAD_S + 600.0 + HANDOVER_S
    carried = []
    for hours_left_s in (None, alone_s + LOAD_S + HANDOVER_S, alone_s - 1.0):
        carrier = msgspec.structs.replace(problem.carriers[0], hours_left_s=hours_left_s)
        answer = solve(msgspec.structs.replace(problem, carriers=(carrier,)))
        carried.append(sum(len(run.shipments()) for run in answer.runs))
    assert carried == [3, 2, 0]
