"""What is said when an officer is given a code, and what the officer is shown."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from dashboard.routes.positions import TrailView
from dashboard.schemas.codes import CodeView
from fleet.police.give_code import LONGEST_OFFICER, LONGEST_REASON
from fleet.police.grant import DIGITS


class GivePoliceCode(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who asks (name, badge, station) and why; both are kept."""

    officer: Annotated[str, Meta(min_length=1, max_length=LONGEST_OFFICER)]
    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]


class PoliceCodeGiven(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The code, shown once: it opens once, and what it opens ends at `expiresAt` of the wall."""

    code: str
    expires_at: datetime


class UsePoliceCode(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The code on the vehicle and the officer's own; the same `requestId` again is the same opening."""

    vehicle_code: Annotated[str, Meta(min_length=1, max_length=64)]
    code: Annotated[str, Meta(pattern=rf"^[0-9]{{{DIGITS}}}$")]
    request_id: Annotated[str, Meta(min_length=22, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class OpenPolice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The token that using the code gave."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]


class PoliceView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an officer is shown: the bystander's page, numbers of papers, how it drives, ten minutes back."""

    token: str
    expires_at: datetime
    vehicle: CodeView
    permit_number: str | None
    policy_number: str | None
    insurer: str | None
    control_mode: str | None
    """null while the vehicle was not heard."""
    connection: str | None
    trail: TrailView
