"""Previews of sweeping zones: a drawing is planned by a worker before anybody saves it."""

from typing import Annotated

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.sweeping import OF_ONE, WRITE
from dashboard.schemas.sweeping_previews import SweepingPreviewBody, SweepingPreviewView
from dashboard.sweeping_desk import ask_for_preview, preview_of_id
from services.sweeping.preview import PreviewId

PreviewPath = Annotated[
    str,
    PathParameter(
        min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="Made up by who asks"
    ),
]


class SweepingPreviews(Controller):
    """Previews, asked for and read within one's reach."""

    path = "/api/sweeping/previews"
    tags = ("sweeping",)

    @put(
        "/{preview_id:str}",
        operation_id="askSweepingPreview",
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*WRITE, "shape-invalid"),
    )
    async def ask(
        self,
        preview_id: PreviewPath,
        data: JSONBody[SweepingPreviewBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SweepingPreviewView:
        """Have a drawing planned; another drawing under the same id takes its place. The same is the same."""
        return await ask_for_preview(dashboard, principal, PreviewId(preview_id), data)

    @get(
        "/{preview_id:str}",
        operation_id="readSweepingPreview",
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*OF_ONE),
    )
    async def read(
        self,
        preview_id: PreviewPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SweepingPreviewView:
        """Return how far a preview is, and the plan once it is there; kept for an hour."""
        return await preview_of_id(dashboard, principal, PreviewId(preview_id))
