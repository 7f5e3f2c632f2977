"""A decision taken again with other weights: what each vehicle would have cost, and who would go. Pure.

Each vehicle is given one order, with the weights that held and with the others, so that only the weights make
the difference; what was really given, several orders a vehicle perhaps, stands beside it.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from core.errors import Conflict
from core.ids import OrderId, VehicleNo
from services.dispatch.cost import CostTerm, total_s, weighed
from services.dispatch.explanation import Explanation
from services.dispatch.weights import Weights

type Costs = dict[tuple[OrderId, VehicleNo], float]
type Assign = Callable[
    [Sequence[OrderId], Sequence[VehicleNo], Mapping[tuple[OrderId, VehicleNo], float]],
    dict[OrderId, VehicleNo],
]


class ReplayedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of the round: who was sent, and who goes alone for it with the old and the other weights."""

    order_id: OrderId
    given: VehicleNo | None
    together: tuple[OrderId, ...]
    before: VehicleNo | None
    after: VehicleNo | None


class ReplayedVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle that could have gone for the order that is asked about; ``terms`` by the other weights."""

    vehicle_no: VehicleNo
    code: str
    before_s: float
    after_s: float
    terms: tuple[CostTerm, ...]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The round of a decision, and the vehicles of its own order, the cheapest by the other weights first."""

    orders: tuple[ReplayedOrder, ...]
    vehicles: tuple[ReplayedVehicle, ...]


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    vehicle_no: VehicleNo
    code: str
    terms: tuple[CostTerm, ...]
    battery_ratio: float | None


def replay(
    about: Explanation,
    round_of: Sequence[Explanation],
    old: Weights,
    new: Weights,
    kinds: Mapping[OrderId, str],
    assign: Assign,
) -> Replayed:
    """Return the round of a decision (``round_of``, with ``about`` in it) with other weights.

    ``kinds`` are the merchants' kinds of the orders, for their levels. Raises Conflict for decisions from
    before the values of their terms were kept.
    """
    before: Costs = {}
    after: Costs = {}
    vehicles: list[ReplayedVehicle] = []
    for one in round_of:
        level = new.levels.get(kinds.get(one.order_id, ""), 0)
        for line in _lines(one):
            terms = reweigh(line.terms, old, new, level=level, battery_ratio=line.battery_ratio)
            pair = (one.order_id, line.vehicle_no)
            before[pair], after[pair] = total_s(line.terms), total_s(terms)
            if one.order_id == about.order_id:
                vehicles.append(
                    ReplayedVehicle(
                        vehicle_no=line.vehicle_no,
                        code=line.code,
                        before_s=before[pair],
                        after_s=after[pair],
                        terms=terms,
                    )
                )
    orders = [one.order_id for one in round_of]
    numbers = sorted({vehicle for _, vehicle in before})
    then, now = assign(orders, numbers, before), assign(orders, numbers, after)
    return Replayed(
        orders=tuple(
            ReplayedOrder(
                order_id=one.order_id,
                given=one.chosen,
                together=one.together,
                before=then.get(one.order_id),
                after=now.get(one.order_id),
            )
            for one in round_of
        ),
        vehicles=tuple(sorted(vehicles, key=lambda each: (each.after_s, each.vehicle_no))),
    )


def reweigh(
    terms: Sequence[CostTerm], old: Weights, new: Weights, *, level: int, battery_ratio: float | None
) -> tuple[CostTerm, ...]:
    """Return the terms by other weights, what was not found left out as in ``cost_terms``.

    What was found stays: only a low battery and capped waiting are found anew, and the order's level. A
    battery that was not kept is taken as no lower than the old border where nothing was missing.
    """
    if any(term.value is None for term in terms):
        raise Conflict("conflict", "this decision is from before the values of its terms were kept")
    found = {term.name: term.value or 0.0 for term in terms}
    missing = found.get("battery", 0.0)
    battery = battery_ratio
    if battery is None:
        battery = old.low_battery_ratio - missing if missing else 1.0
    weighed_anew = (
        weighed("pickup", found.get("pickup", 0.0), "s", new.start),
        weighed("idle", found.get("idle", 0.0), "s", new.idle),
        weighed("late", found.get("late", 0.0), "s", new.late),
        weighed("empty", found.get("empty", 0.0), "km", new.empty_s_per_km),
        weighed("battery", max(0.0, new.low_battery_ratio - battery), "ratio", new.low_battery_s),
        weighed("waited", min(found.get("waited", 0.0), new.waited_cap_s), "s", -new.waited),
        weighed("priority", float(level), "level", -new.priority_s),
    )
    return tuple(term for term in weighed_anew if term.value or term.name == "pickup")


def _lines(explanation: Explanation) -> list[_Line]:
    """Return every free vehicle that could have gone, the one that did first."""
    lines = [
        _Line(vehicle_no=line.vehicle_no, code=line.code, terms=line.terms, battery_ratio=line.battery_ratio)
        for line in explanation.candidates
        if line.cost_s is not None
    ]
    if explanation.chosen is None or explanation.joined is not None:
        return lines
    chosen = _Line(
        vehicle_no=explanation.chosen,
        code=explanation.chosen_code or "",
        terms=explanation.terms,
        battery_ratio=explanation.battery_ratio,
    )
    return [chosen, *lines]
