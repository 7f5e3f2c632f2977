"""Order flows: which steps an operator asks for, by version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from services.flows.flow import STEP_NAMES, FlowVersion, Step
from services.flows.set_flow import LONGEST_REASON


class NewFlow(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The steps in place of those of ``version``, and why; no steps asks for nothing."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    steps: Annotated[tuple[Step, ...], Meta(max_length=len(Step))]
    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]


class StepView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A step that can be asked for."""

    step: Step
    name_zh: str
    name_en: str


class FlowVersionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One version; version 0 asks for nothing, and nobody set it."""

    version: int
    steps: tuple[Step, ...]
    at: datetime | None
    by_name: str
    reason: str


class FlowView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an operator's orders of a service take now, what they could, and the versions before."""

    operator: str
    service: str
    now: FlowVersionView
    choices: tuple[StepView, ...]
    history: tuple[FlowVersionView, ...]


def flow_view(newest: FlowVersion, history: Sequence[FlowVersion]) -> FlowView:
    """Return an operator's flow with its history, the newest first."""
    return FlowView(
        operator=newest.operator,
        service=newest.service.value,
        now=version_view(newest),
        choices=tuple(StepView(step=step, name_zh=zh, name_en=en) for step, (zh, en) in STEP_NAMES.items()),
        history=tuple(version_view(one) for one in history),
    )


def version_view(one: FlowVersion) -> FlowVersionView:
    """Return one version."""
    return FlowVersionView(
        version=one.version, steps=one.steps, at=one.at, by_name=one.by_name, reason=one.reason
    )
