"""Routes asked of the scheduler over HTTP: what the api uses for quotes, so that it never loads Valhalla."""

from collections.abc import Sequence
from typing import Final

import httpx
import msgspec

from core.errors import Conflict, Invalid, Unavailable
from geofences.fences import Area
from services.routing.question import PREFIX, LegsQuestion, MatrixQuestion, Refusal, SnapQuestion
from services.routing.route import SLOW_VEHICLE, GeoPoint, Matrix, Route, Snapped, Vehicle

PATIENCE_S: Final = 5.0
"""A quote waits no longer: the promise is made to a person who looks at the screen."""


class RemoteRoutes:
    """``Routes`` of another process. Close it with ``aclose``."""

    def __init__(self, base_url: str, internal_key: str, timeout_s: float = PATIENCE_S) -> None:
        """Take the address of the scheduler's internal server and the key it expects."""
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {internal_key}", "Content-Type": "application/json"},
            timeout=timeout_s,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def legs(
        self, places: Sequence[GeoPoint], *, vehicle: Vehicle = SLOW_VEHICLE, closed: Sequence[Area] = ()
    ) -> tuple[Route, ...]:
        """Return the legs through places in order, as ``Routes.legs`` says."""
        question = LegsQuestion(places=tuple(places), vehicle=vehicle, closed=tuple(closed))
        return msgspec.json.decode(await self._ask("legs", question), type=tuple[Route, ...])

    async def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = SLOW_VEHICLE,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        """Return the times and distances of every pair, as ``Routes.matrix`` says."""
        question = MatrixQuestion(
            sources=tuple(sources), targets=tuple(targets), vehicle=vehicle, closed=tuple(closed)
        )
        return msgspec.json.decode(await self._ask("matrix", question), type=Matrix)

    async def snap(self, place: GeoPoint, *, vehicle: Vehicle = SLOW_VEHICLE) -> Snapped:
        """Return the nearest point on a road, as ``Routes.snap`` says."""
        return msgspec.json.decode(
            await self._ask("snap", SnapQuestion(place=place, vehicle=vehicle)), type=Snapped
        )

    async def _ask(self, name: str, question: msgspec.Struct) -> bytes:
        try:
            answer = await self._client.post(PREFIX + name, content=msgspec.json.encode(question))
        except httpx.HTTPError as error:
            text = f"the routing of the scheduler does not answer: {type(error).__name__}"
            raise Unavailable("routing-unavailable", text) from error
        if answer.status_code == httpx.codes.OK:
            return answer.content
        raise _refused(answer)


def _refused(answer: httpx.Response) -> Conflict | Invalid | Unavailable:
    """Return the error the other side raised; anything unexpected is routing that does not work."""
    try:
        refusal = msgspec.json.decode(answer.content, type=Refusal)
    except msgspec.DecodeError:
        return Unavailable("routing-unavailable", f"routing answered {answer.status_code}")
    if refusal.code == "route-not-found":
        return Conflict("route-not-found", refusal.message, **refusal.fields)
    if refusal.code == "invalid-input":
        return Invalid("invalid-input", refusal.message, **refusal.fields)
    return Unavailable("routing-unavailable", refusal.message, cause=refusal.code)
