"""What a resident agrees to, each purpose by itself, and takes back as easily."""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import ResidentId
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.schemas.own_data import OwnConsent, SaidConsent, consent_views
from services.residents.consents import ConsentStore

READS = ("not-authenticated", "forbidden", "database-unavailable")


class ResidentConsents(Controller):
    """One's own consents."""

    path = "/api/resident/consents"
    tags = ("resident data",)
    guards = (requires(Scope.ORDERS_PLACE),)

    @get("/", operation_id="ownConsents", responses=problem_responses(*READS))
    async def read(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> tuple[OwnConsent, ...]:
        """Return what holds of each purpose that one said anything about."""
        async with mobile.database.read() as tx:
            return consent_views(await ConsentStore(tx).of(ResidentId(principal.id)))

    @put(
        "/",
        operation_id="sayConsent",
        responses=problem_responses(*READS, "invalid-input", "origin-refused", "database-busy"),
    )
    async def say(
        self,
        data: JSONBody[SaidConsent],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> tuple[OwnConsent, ...]:
        """Agree to one purpose or take it back; return what holds now."""
        resident = ResidentId(principal.id)
        async with mobile.database.write() as tx:
            store = ConsentStore(tx)
            await store.say(resident, data.purpose, is_given=data.is_given, at=mobile.clock.now())
            return consent_views(await store.of(resident))
