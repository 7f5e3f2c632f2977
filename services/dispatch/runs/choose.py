"""One vehicle an order, or several orders a vehicle: whichever serves more, and then costs less."""

from collections.abc import Mapping

from core.ids import OrderId, VehicleNo
from services.dispatch.runs.insertion import Visits, answer_of, standing
from services.dispatch.runs.problem import Answer, Deed, Problem, Visit
from services.dispatch.runs.timing import Judge

SINGLES = "assignment"
"""Who found the runs when every vehicle takes one order (services.dispatch.assignment)."""


def choose(problem: Problem, alone: Mapping[OrderId, VehicleNo], answer: Answer) -> Answer:
    """Return the better of the two plans by the measure of all solvers; of equal ones the simpler.

    ``alone`` is the assignment of one order a vehicle; orders outside the problem are left out of both.
    """
    judge = Judge(problem)
    singles = _singles(problem, alone)
    index = {carrier.vehicle_no: n for n, carrier in enumerate(problem.carriers)}
    shared: dict[int, Visits] = {index[run.vehicle_no]: run.visits for run in answer.runs}
    if standing(judge, singles) <= standing(judge, shared):
        return answer_of(problem, singles, SINGLES)
    return answer


def _singles(problem: Problem, alone: Mapping[OrderId, VehicleNo]) -> dict[int, Visits]:
    index = {carrier.vehicle_no: n for n, carrier in enumerate(problem.carriers)}
    return {
        index[alone[shipment.order_id]]: (
            Visit(deed=Deed.LOAD, shipment=number),
            Visit(deed=Deed.HAND_OVER, shipment=number),
        )
        for number, shipment in enumerate(problem.shipments)
        if alone.get(shipment.order_id) in index
    }
