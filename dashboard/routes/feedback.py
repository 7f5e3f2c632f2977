"""What people on the street say of a vehicle: said and read by anybody, looked into and answered by staff."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import public, requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.auth.schemas import address_of
from core.auth.services import AuthServices
from core.ids import FeedbackId
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath
from dashboard.schemas.feedback import (
    AnswerFeedback,
    FeedbackPage,
    FeedbackStatus,
    FeedbackView,
    OpenFeedback,
    SayFeedback,
    feedback_page,
    feedback_view,
)
from dashboard.street_desk import read_said, say
from fleet.feedback.answer_feedback import answer_feedback, look_into
from fleet.feedback.kinds import UNANSWERED, FeedbackState
from fleet.feedback.owners import owners_of
from fleet.feedback.store import FeedbackPlace, FeedbackStore

Shown = Literal["open", "all"]
STATES: dict[Shown, frozenset[FeedbackState]] = {"open": UNANSWERED, "all": frozenset()}
_ACTS = problem_responses(
    *("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable"),
    *("illegal-transition", "version-mismatch"),
)


class StreetFeedback(Controller):
    """Without a log-in, by the code on the vehicle."""

    path = "/api/street/feedback"
    tags = ("feedback",)
    guards = (public,)

    @post(
        "/",
        operation_id="sayFeedback",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(
            *("invalid-input", "vehicle-code-wrong", "not-found", "origin-refused"),
            *("feedback-full", "too-many-tries", "unavailable"),
        ),
    )
    async def say(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[SayFeedback],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> FeedbackStatus:
        """Keep what somebody says; that the way is blocked or help is needed goes to a person at once."""
        return await say(dashboard, auth.keys, data, address=address_of(request))

    @post(
        "/open",
        operation_id="openFeedback",
        status_code=HTTP_200_OK,
        responses=problem_responses("invalid-input", "not-found", "origin-refused", "unavailable"),
    )
    async def open(
        self, data: JSONBody[OpenFeedback], dashboard: NamedDependency[DashboardParts]
    ) -> FeedbackStatus:
        """Return what came of it."""
        return await read_said(dashboard, data.token)


class FeedbackRoutes(Controller):
    """What staff do about it."""

    path = "/api/feedback"
    tags = ("feedback",)

    @get(
        "/",
        operation_id="listFeedback",
        guards=[requires(Scope.ALARMS_READ)],
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
        ),
    )
    async def list_feedback(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[Shown, QueryParameter(name="state")] = "open",
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> FeedbackPage:
        """Return reports, newest first."""
        place = read_cursor(cursor, tuple[datetime, str])
        async with dashboard.database.read() as tx:
            found = await FeedbackStore(tx).page(
                reach_of(principal),
                states=STATES[shown],
                after=None if place is None else FeedbackPlace(*place),
                limit=limit + 1,
            )
            owners = await owners_of(tx, found)
        return feedback_page(found, owners, limit)

    @post(
        "/{feedback_id:str}/look",
        operation_id="lookIntoFeedback",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=_ACTS,
    )
    async def look(
        self,
        feedback_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FeedbackView:
        """Look into it; its alarm counts as acknowledged, and the bystander is told that somebody does."""
        async with dashboard.database.write() as tx:
            at = dashboard.clock.now()
            said = await look_into(tx, principal, FeedbackId(feedback_id), at=at)
            return feedback_view(said, (await owners_of(tx, [said])).get(said.feedback_id))

    @post(
        "/{feedback_id:str}/answer",
        operation_id="answerFeedback",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=_ACTS,
    )
    async def answer(
        self,
        feedback_id: IdPath,
        data: JSONBody[AnswerFeedback],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FeedbackView:
        """Say what came of it; its alarm is over once nothing of its kind waits about the vehicle."""
        async with dashboard.database.write() as tx:
            answered = await answer_feedback(
                tx,
                principal,
                FeedbackId(feedback_id),
                data.outcome,
                data.words,
                with_others=data.with_others,
                at=dashboard.clock.now(),
            )
        return feedback_view(answered[0])
