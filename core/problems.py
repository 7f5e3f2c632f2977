"""One table of everything that can go wrong: stable code, HTTP status, WebSocket close code, title.

A code is a promise to clients: it is added, never renamed. Nothing here imports a framework, so that
every process may name a problem; core.problem_http turns a row into an RFC 9457 document.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class ProblemKind(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `close_code` is the WebSocket close code, always 4400–4499."""

    code: str
    status: int
    close_code: int
    title: str


class UnknownProblemCode(LookupError):
    """Raised when somebody raises an error whose code is not in the table: a bug, never a client's fault."""


def _close_code(status: int) -> int:
    """Mirror a status in the range that RFC 6455 leaves to applications: 4xx → 44xx, 5xx → 4450 + x."""
    return 4400 + (status - 400) if status < 500 else 4450 + (status - 500)


_ROWS: tuple[tuple[str, int, str], ...] = (
    # what the caller sent
    ("invalid-input", 400, "A value in the request is not acceptable"),
    ("malformed-http", 400, "This is not an HTTP request"),
    ("malformed-json", 400, "The body is not JSON"),
    ("malformed-frame", 400, "The binary frame cannot be read"),
    ("frame-truncated", 400, "The binary frame is shorter or longer than it says"),
    ("hello-expected", 400, "The first message of a link is hello"),
    ("unknown-version", 400, "This version of the protocol is not spoken here"),
    ("unknown-message", 400, "This kind of message is not known"),
    ("time-out-of-range", 400, "The time given lies outside what is accepted"),
    ("position-out-of-range", 400, "The coordinates lie outside the city or the globe"),
    ("vehicle-code-wrong", 400, "This is not a code of a vehicle of this city"),
    ("shape-invalid", 400, "The polygon is not valid"),
    ("sweeping-zone-too-narrow", 400, "The sweeper fits nowhere into this zone"),
    ("sweeping-streets-apart", 400, "A street of the set cannot be reached and left again by driving"),
    ("cursor-invalid", 400, "The page cursor was not given out by this list"),
    ("idempotency-key-missing", 400, "This request needs an Idempotency-Key header"),
    ("reason-missing", 400, "This action needs a reason"),
    # who is asking
    ("not-authenticated", 401, "Log in or send a token"),
    ("credentials-wrong", 401, "The name, password or code is wrong"),
    ("token-invalid", 401, "The token is not valid"),
    ("token-expired", 401, "The token has expired"),
    ("session-expired", 401, "The session has ended"),
    ("forbidden", 403, "This account may not do that"),
    ("origin-refused", 403, "The request comes from a page of another site"),
    ("not-your-vehicle", 403, "This vehicle belongs to somebody else"),
    ("unknown-vehicle", 403, "The city has given nobody this vehicle number"),
    ("own-violation", 403, "The operator of the vehicle does not judge its violations"),
    ("own-finding", 403, "Who confirmed a violation does not decide its appeal"),
    ("scene-hold", 403, "The vehicle is held at the scene until the agency releases it"),
    # what is being asked for
    ("not-found", 404, "There is no such thing"),
    ("method-not-allowed", 405, "This address does not answer that method"),
    ("not-acceptable", 406, "No representation that the client accepts"),
    ("city-pack-invalid", 400, "A file of the city pack is not right"),
    ("waybills-invalid", 400, "Rows of the waybills are not right; nothing was pushed"),
    ("weight-over-cap", 400, "The goods weigh more than the customer agreed to"),
    ("catalogue-invalid", 400, "Rows of the catalogue are not right; nothing was changed"),
    ("city-pack-missing", 404, "There is no such city pack"),
    ("route-not-found", 409, "No road leads from one place to the other"),
    ("conflict", 409, "The request does not fit the present state"),
    ("already-exists", 409, "This already exists"),
    ("illegal-transition", 409, "The thing is not in a state that allows this"),
    ("idempotency-key-reused", 409, "The Idempotency-Key was used before with another body"),
    ("appeal-too-late", 409, "The time in which this violation could be appealed is over"),
    ("appeal-still-open", 409, "This violation may still be appealed"),
    ("request-in-progress", 409, "The same request is still being worked on"),
    ("frame-replayed", 409, "A frame with this sequence was taken before"),
    ("superseded", 409, "A newer epoch has taken over"),
    ("zone-frozen", 409, "Somebody has frozen dispatch in this zone"),
    ("vehicle-not-dispatchable", 409, "The vehicle cannot take work now"),
    ("command-not-possible", 409, "The vehicle cannot take this command now"),
    ("critical-alarm-without-owner", 409, "A critical alarm belongs to nobody yet"),
    ("command-expired", 409, "The command is past its time"),
    ("no-vehicle-inside", 409, "No vehicle that you may stop is in this area"),
    ("too-many-vehicles", 409, "More vehicles are in this area than are stopped at once"),
    ("second-person-needed", 409, "Another authorised person has to agree"),
    ("balance-too-low", 409, "The balance does not cover this"),
    ("resident-has-open", 409, "Something of yours is still open; end it first"),
    ("nothing-due", 409, "Nothing is due for this any more"),
    ("out-of-stock", 409, "Not enough of the goods is left"),
    ("feedback-full", 409, "So many people have said something of this vehicle that more tells nothing new"),
    ("call-open", 409, "A vending vehicle has been called already"),
    ("slot-full", 409, "The slot does not hold that many pieces"),
    ("sweeping-plan-missing", 409, "The passes of this zone are not worked out yet"),
    ("sweeping-zone-busy", 409, "This zone has a run that is not over, or its gaps have a repair"),
    ("sweeping-not-measured", 409, "What this run swept is not measured yet"),
    ("sweeping-nothing-missed", 409, "Nothing of this run was left unswept"),
    ("slot-not-empty", 409, "Goods lie in the slot; take them out before it holds others"),
    ("lot-blocked", 409, "Goods of this lot may not be sold there"),
    ("pickup-code-wrong", 409, "The pickup code is wrong"),
    ("pickup-code-locked", 409, "Too many wrong pickup codes; ask for a fresh one"),
    ("area-not-served", 409, "No vehicle serves this place"),
    ("vehicle-not-at-stop", 409, "The vehicle does not stand there now"),
    ("order-too-large", 409, "No compartment takes this much; order less at once"),
    ("goods-not-together", 409, "Chilled and warm goods cannot share a compartment; order them apart"),
    ("compartment-not-fitting", 409, "That compartment cannot take the goods"),
    ("answer-awaited", 409, "The customer has not answered yet what should take the place of missing goods"),
    ("step-missing", 409, "The operator's order flow asks for a step that is not done"),
    ("weight-missing", 409, "Goods sold by weight are not weighed yet"),
    ("goods-forbidden", 409, "These goods may not be sold unattended"),
    ("merchant-closed", 409, "The merchant is closed now"),
    ("merchant-paused", 409, "The merchant takes no orders for a while"),
    ("licence-expired", 409, "The merchant has no food licence that is good today"),
    ("not-signed-in-for-duty", 409, "The remote operator is not signed in for duty"),
    ("rest-needed", 409, "The remote operator has to rest before the next shift"),
    ("operator-full", 409, "The remote operator already watches as many vehicles as allowed"),
    ("gone", 410, "This has ended"),
    ("version-mismatch", 412, "Somebody changed this in between; read it again"),
    ("too-large", 413, "The body is larger than accepted"),
    ("unsupported-media-type", 415, "The body is of a type that is not read here"),
    ("headers-too-large", 431, "The address and headers are larger than accepted"),
    ("too-many-requests", 429, "Too many requests; wait and try again"),
    ("too-many-tries", 429, "Too many wrong tries; wait and try again"),
    ("flood", 429, "Frames arrive faster than accepted"),
    # what we could not do
    ("internal-error", 500, "Something failed on our side"),
    ("overloaded", 503, "The city cannot take frames now; keep them and send them again"),
    ("unavailable", 503, "A part that this needs does not answer; try again"),
    ("database-unavailable", 503, "The database does not answer; try again"),
    ("database-busy", 503, "The database is busy; try again"),
    ("redis-unavailable", 503, "Redis does not answer; try again"),
    ("routing-unavailable", 503, "Routes cannot be computed now; try again"),
    ("shutting-down", 503, "This process is stopping; connect again"),
)

_LIVE_ROWS: tuple[tuple[str, int, int, str], ...] = (
    # WebSocket only: the status is what the same problem would be over HTTP
    ("client-too-slow", 503, 4480, "The client reads slower than the feed; take a new snapshot"),
    ("max-age", 401, 4481, "The connection reached its age limit; connect again"),
    ("replaced", 409, 4482, "A newer connection of the same party took over"),
    ("ping-timeout", 503, 4483, "The client stopped answering"),
)

PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        **{c: ProblemKind(code=c, status=s, close_code=_close_code(s), title=t) for c, s, t in _ROWS},
        **{c: ProblemKind(code=c, status=s, close_code=w, title=t) for c, s, w, t in _LIVE_ROWS},
    }
)
"""Every problem by its code."""


def problem(code: str) -> ProblemKind:
    """Return the row of `code`; raise UnknownProblemCode when there is none."""
    try:
        return PROBLEMS[code]
    except KeyError:
        raise UnknownProblemCode(f"{code!r} is not in core/problems.py: add it there first") from None


def close_code(code: str) -> int:
    """Return the WebSocket close code (4400–4499) of a problem."""
    return problem(code).close_code
