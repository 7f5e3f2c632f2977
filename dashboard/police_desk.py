"""What a police officer with a code is shown of a vehicle."""

from core.auth.principal import EVERYTHING
from core.auth.tokens import derived_token
from core.errors import NotFound
from core.privacy.cipher import SecretKeys
from dashboard.parts import DashboardParts
from dashboard.routes.positions import DEFAULT_SPAN_MS, trail_view
from dashboard.schemas.codes import code_view
from dashboard.schemas.police import PoliceView, UsePoliceCode
from fleet.history.trail import TrailReader
from fleet.police.give_code import grant_of, use_code
from fleet.police.grant import PoliceGrant
from fleet.vehicles.scan_code import find_vehicle, scan_code
from fleet.vehicles.store import VehicleStore


class PoliceDesk:
    """Opens a vehicle by a code and shows it while the grant lasts."""

    def __init__(self, parts: DashboardParts, trails: TrailReader) -> None:
        """Take the stores and who knows where vehicles were."""
        self._parts = parts
        self._trails = trails

    async def use(self, data: UsePoliceCode, keys: SecretKeys, *, address: str) -> PoliceView:
        """Return the vehicle that a code opens; raise what ``find_vehicle`` and ``use_code`` raise."""
        parts = self._parts
        async with parts.database.read() as tx:
            _, vehicle = await find_vehicle(tx, parts.city.code_layout, data.vehicle_code)
        token = derived_token("po", keys.digest("police-token", data.request_id))
        grant = await use_code(
            parts.database,
            vehicle.vehicle_no,
            data.code,
            keys,
            token=token,
            address_key=keys.digest("throttle:police-address", address),
            at=parts.clock.now(),
            wall=parts.clock.wall(),
        )
        return await self._shown(grant, token.token)

    async def again(self, token: str) -> PoliceView:
        """Return the vehicle as it is now; raise Unauthenticated once the grant is over."""
        async with self._parts.database.read() as tx:
            grant = await grant_of(tx, token, wall=self._parts.clock.wall())
        return await self._shown(grant, token)

    async def _shown(self, grant: PoliceGrant, token: str) -> PoliceView:
        parts, at = self._parts, self._parts.clock.now()
        async with parts.database.read() as tx:
            vehicle = await VehicleStore(tx).get(grant.vehicle_no, EVERYTHING)
        if vehicle.code is None:
            raise NotFound("not-found", "the vehicle has no code any more")
        scanned = await scan_code(
            parts.database, parts.last_heard, parts.city.code_layout, None, vehicle.code
        )
        heard = (await parts.last_heard.last_heard([grant.vehicle_no])).get(grant.vehicle_no)
        permit = scanned.permits[0] if scanned.permits else None
        policy = scanned.insurances[0] if scanned.insurances else None
        until_ms = parts.clock.now_ms()
        since_ms = until_ms - DEFAULT_SPAN_MS
        trail = await self._trails.read(grant.vehicle_no, since_ms, until_ms)
        return PoliceView(
            token=token,
            expires_at=grant.expires_wall,
            vehicle=code_view(scanned, parts.city, at),
            permit_number=None if permit is None else permit.permit_no,
            policy_number=None if policy is None else policy.policy_no,
            insurer=None if policy is None else policy.insurer,
            control_mode=None if heard is None else heard.control_mode.value,
            connection=None if heard is None else heard.connection.value,
            trail=trail_view(trail, since_ms, until_ms),
        )
