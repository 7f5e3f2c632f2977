"""State machines as one constant table: everything that is not in the table raises."""

from collections.abc import Hashable, Mapping

from core.errors import IllegalTransition


def advance[S: Hashable, E: Hashable](table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """Return the state after `event`; raise IllegalTransition when the table has no such edge.

    `event` is a member of an enum of events or the type of an event Struct, whatever the table's keys hold.
    """
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransition(state, getattr(event, "__name__", event)) from None
