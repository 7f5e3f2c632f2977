"""The demo's phone: the last messages of a number, for visitors without a SIM. Demo and test only."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import Struct

from core.auth.guards import public
from core.auth.notices import DemoPhone
from core.privacy.phones import parse_phone
from core.problem_http import problem_responses


class DemoMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    """One message as it would stand on the phone's screen."""

    kind: str
    zh: str
    en: str
    at: datetime


@get(
    "/api/demo/phone",
    operation_id="demoPhone",
    guards=[public],
    tags=["demo"],
    responses=problem_responses("invalid-input"),
)
async def demo_phone(
    number: Annotated[str, QueryParameter(min_length=1, max_length=32)],
    phone_box: NamedDependency[DemoPhone],
) -> list[DemoMessage]:
    """Return the messages of a number, newest first; anybody may read them: the demo is nobody's."""
    messages = await phone_box.messages(parse_phone(number))
    return [DemoMessage(kind=m.kind, zh=m.zh, en=m.en, at=m.at) for m in messages]


DEMO_ROUTES: tuple[HTTPRouteHandler, ...] = (demo_phone,)
"""Given to the app with the dependency `phone_box` when settings.environment is demo or test, never else."""
