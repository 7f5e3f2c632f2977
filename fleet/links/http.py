"""Frames and reports for senders without a link: batches of a maker's cloud, a vehicle that polls."""

import asyncio
from collections import OrderedDict
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, post
from litestar.enums import MediaType
from litestar.status_codes import HTTP_202_ACCEPTED
from msgspec import Meta

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import Conflict, Forbidden, Invalid, SteppeError, TooMany, Unavailable
from fleet.links.judge import Outcome, Pending
from fleet.links.refusals import REJECT_CODES, rejection, unreadable
from fleet.links.sender import Sender
from fleet.links.wire.frame import FrameError
from fleet.links.wire.messages import Error, Positions, Report, ReportStored
from fleet.telemetry.rejects import Reject

MAX_REPORTS: Final = 100
MAX_SENDERS: Final = 10_000
"""Senders whose last frame is remembered; the one unheard for longest is forgotten first."""

_positions: msgspec.json.Decoder[Positions] = msgspec.json.Decoder(Positions)
_reports: msgspec.json.Decoder[Report | Annotated[tuple[Report, ...], Meta(max_length=MAX_REPORTS)]] = (
    msgspec.json.Decoder(Report | Annotated[tuple[Report, ...], Meta(max_length=MAX_REPORTS)])
)


class FrameAccepted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a frame; ``refused`` records were dropped, the others are in the stream."""

    frame_seq: int
    accepted: int
    refused: tuple[Error, ...]
    durable_seq: int


class Senders:
    """Senders over HTTP by credential, so that a replay is seen and durability is told."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, Sender] = OrderedDict()

    def of(self, principal: Principal, fresh: Sender) -> Sender:
        """Return the sender of a credential: the one known, or ``fresh``."""
        key = f"{principal.kind}:{principal.id}"
        sender = self._senders.setdefault(key, fresh)
        self._senders.move_to_end(key)
        if len(self._senders) > MAX_SENDERS:
            self._senders.popitem(last=False)
        return sender


class FrameRoutes(Controller):
    """POST /v1/frames and POST /v1/reports."""

    path = "/v1"

    @post(
        "/frames",
        guards=[requires(Scope.TELEMETRY_SEND)],
        status_code=HTTP_202_ACCEPTED,
        operation_id="sendFrame",
    )
    async def send_frame(self, request: Request[Any, Any, Any]) -> FrameAccepted:
        """Take one frame: octet-stream is binary, JSON a ``positions`` message."""
        gateway = request.app.state.gateway
        principal: Principal = request.scope["user"]
        sender = _senders(request).of(principal, gateway.sender(principal))
        pending = _pending(gateway.frames, sender, request.content_type[0], await request.body())
        _check(gateway, sender, pending)
        outcome = await _settled(gateway.intake, pending)
        return _answer(sender, pending.frame_seq, outcome, gateway.intake.durable_flush)

    @post("/reports", guards=[requires(Scope.REPORTS_SEND)], status_code=200, operation_id="sendReports")
    async def send_reports(self, request: Request[Any, Any, Any]) -> Response[list[ReportStored | Error]]:
        """Take one report or a list of them; every one is answered after its commit."""
        gateway = request.app.state.gateway
        sender = gateway.sender(request.scope["user"])
        try:
            body = _reports.decode(await request.body())
        except msgspec.DecodeError as error:
            raise _invalid(unreadable(error)) from None
        reports = (body,) if isinstance(body, Report) else body
        answers = await asyncio.gather(*(gateway.reports.store(sender, report) for report in reports))
        return Response(answers, media_type=MediaType.JSON)


def _senders(request: Request[Any, Any, Any]) -> Senders:
    state = request.app.state
    if "http_senders" not in state:
        state.http_senders = Senders()
    senders: Senders = state.http_senders
    return senders


def _pending(frames: Any, sender: Sender, content_type: str, body: bytes) -> Pending:
    try:
        if content_type == "application/octet-stream":
            pending: Pending = frames.binary(sender, body)
        else:
            pending = frames.json(sender, _positions.decode(body))
    except FrameError as error:
        raise Invalid(error.code, error.detail, field=error.field) from None
    except msgspec.DecodeError as error:
        raise _invalid(unreadable(error)) from None
    return pending


def _invalid(error: Error) -> SteppeError:
    return Invalid(error.code, error.detail, field=error.field)


def _check(gateway: Any, sender: Sender, pending: Pending) -> None:
    if gateway.intake.is_overloaded or not gateway.intake.is_up:
        gateway.frames.count_shed()
        code = "overloaded" if gateway.intake.is_up else "redis-unavailable"
        raise Unavailable(code, retry_after_s=2)
    if sender.is_replay(pending.frame_seq):
        gateway.frames.count_replay()
        raise Conflict("frame-replayed", frame_seq=pending.frame_seq, last=sender.last_frame_seq)


async def _settled(intake: Any, pending: Pending) -> Outcome:
    done: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
    pending.settle = lambda _, outcome: None if done.done() else done.set_result(outcome)
    intake.offer(pending)
    outcome = await done
    if outcome is None:
        raise Unavailable("redis-unavailable", retry_after_s=2)
    return outcome


def _answer(sender: Sender, frame_seq: int, outcome: Outcome, durable_flush: int) -> FrameAccepted:
    if not outcome.accepted and outcome.refused:
        reason, count, vehicle_no = outcome.refused[0]
        raise _refusal(reason, count, vehicle_no)
    sender.settle(durable_flush)
    return FrameAccepted(
        frame_seq=frame_seq,
        accepted=outcome.accepted,
        refused=tuple(rejection(*refused, frame_seq) for refused in outcome.refused),
        durable_seq=sender.durable_seq,
    )


def _refusal(reason: Reject, count: int, vehicle_no: int) -> SteppeError:
    kind = {Reject.FLOOD: TooMany, Reject.MALFORMED: Invalid}.get(reason, Forbidden)
    return kind(REJECT_CODES[reason], count=count, vehicle_no=vehicle_no)
