"""The reason of an order that joins a run. Pure."""

from collections.abc import Sequence

import msgspec

from services.dispatch.explanation import Explanation
from services.dispatch.joins.choose import Join
from services.dispatch.joins.lines import JoinLine
from services.tasks.states import StopKind


def with_joins(explanation: Explanation, lines: Sequence[JoinLine], join: Join | None) -> Explanation:
    """Return the explanation of an order with the runs that were looked at, and the one that it joins.

    What the free vehicles would have cost stays beside it; a joined order has no cost of its own.
    """
    said = msgspec.structs.replace(explanation, joins=tuple(lines))
    line = said.joined
    if join is None or line is None:
        return said
    own = explanation.order_id
    riding = (
        order
        for halt in join.placed.halts
        if halt.kind is StopKind.HANDOVER
        for order in halt.orders
        if order != own
    )
    return msgspec.structs.replace(
        said,
        chosen=line.vehicle_no,
        chosen_code=line.code,
        battery_ratio=join.ride.vehicle.battery_ratio,
        together=tuple(riding),
        reason="",
        text_zh=line.text_zh,
        text_en=line.text_en,
    )
