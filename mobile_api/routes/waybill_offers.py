"""The recipient of a parcel, by the link she was sent: slot and pickup point, or the counter. No account."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import public
from core.ids import PickupPointId
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.schemas.waybills import ChooseSlot, OpenWaybill, WaybillOffer
from mobile_api.waybill_actions import choose, open_offer, to_counter

_READS = ("invalid-input", "not-found", "origin-refused", "database-busy", "database-unavailable")
_ANSWERS = (*_READS, "conflict", "gone", "illegal-transition")


class WaybillOffers(Controller):
    """What the token of a link opens: one parcel. It stands in the body, never in an address or a log."""

    path = "/api/waybills"
    tags = ("waybills",)
    guards = (public,)

    @post(
        "/open",
        operation_id="openWaybill",
        status_code=HTTP_200_OK,
        responses=problem_responses(*_READS),
    )
    async def open(self, data: JSONBody[OpenWaybill], mobile: NamedDependency[MobileParts]) -> WaybillOffer:
        """Return the parcel with the slots and pickup points that may be chosen."""
        return await open_offer(mobile, data.token)

    @post(
        "/choose",
        operation_id="chooseWaybillSlot",
        status_code=HTTP_200_OK,
        responses=problem_responses(*_ANSWERS),
    )
    async def choose(self, data: JSONBody[ChooseSlot], mobile: NamedDependency[MobileParts]) -> WaybillOffer:
        """Choose when and where; the same choice again changes nothing."""
        return await choose(mobile, data.token, data.slot_at, PickupPointId(data.pickup_point_id))

    @post(
        "/decline",
        operation_id="declineWaybill",
        status_code=HTTP_200_OK,
        responses=problem_responses(*_ANSWERS),
    )
    async def decline(
        self, data: JSONBody[OpenWaybill], mobile: NamedDependency[MobileParts]
    ) -> WaybillOffer:
        """Come to the counter instead; again: the same."""
        return await to_counter(mobile, data.token)
