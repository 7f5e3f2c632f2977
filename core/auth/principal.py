"""Who is asking (Principal) and which rows they may touch (Reach)."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.ids import (
    AgencyCode,
    DistrictCode,
    MakerId,
    MerchantId,
    OperatorId,
    OrderId,
    ResidentId,
    VehicleNo,
)

__all__ = ["ROLE_SCOPES", "STAFF_ROLES", "Principal", "PrincipalKind", "Reach", "Role", "Scope", "reach_of"]

PrincipalKind = Literal["staff", "resident", "link", "merchant", "maker", "device", "internal"]


class Principal(Struct, frozen=True, kw_only=True):
    """Somebody or something that proved who it is, for as long as the proof holds."""

    kind: PrincipalKind
    id: str
    """Stable id inside its kind: staff id, resident id, link id, token id, maker id, device id."""
    name: str
    """For screens and the audit; a resident's is the masked phone."""
    role: Role
    agency: AgencyCode | None = None
    operator: OperatorId | None = None
    """The operating company a person works for; None is not bound to one."""
    districts: frozenset[DistrictCode] | None = None
    """旗区 the principal is limited to; None is the whole city, empty is none."""
    merchant: MerchantId | None = None
    order: OrderId | None = None
    maker: MakerId | None = None
    vehicles: frozenset[VehicleNo] | None = None
    """A device's own vehicles; None is not limited by vehicle."""
    session: str | None = None
    """Row of the session or token that proved it, for re-checks of long connections; never the secret."""
    expires_at: datetime
    """When the proof ends whatever happens (wall time, aware UTC)."""

    def may(self, scope: Scope) -> bool:
        """Return whether the role holds the scope."""
        return scope in ROLE_SCOPES[self.role]


class Reach(Struct, frozen=True, kw_only=True):
    """The rows a principal may touch: every axis narrows, None on an axis does not.

    An empty set lets nothing through. A store applies the axes its noun has and ignores the others.
    """

    districts: frozenset[DistrictCode] | None = None
    operators: frozenset[OperatorId] | None = None
    merchants: frozenset[MerchantId] | None = None
    makers: frozenset[MakerId] | None = None
    vehicles: frozenset[VehicleNo] | None = None
    resident: ResidentId | None = None
    order: OrderId | None = None


EVERYTHING = Reach()
"""For work that runs for nobody in particular (jobs, reconcilers); never in a route."""

_NO_VEHICLES: frozenset[VehicleNo] = frozenset()


def reach_of(principal: Principal) -> Reach:
    """Return how far a principal sees; people of the street reach no vehicle except through their order."""
    match principal.kind:
        case "staff":
            return Reach(
                districts=principal.districts,
                operators=None if principal.operator is None else frozenset({principal.operator}),
            )
        case "resident":
            return Reach(resident=ResidentId(principal.id), vehicles=_NO_VEHICLES)
        case "link":
            # A link without an order can only be a bug: it must then reach nothing.
            return Reach(order=principal.order or OrderId(""), vehicles=_NO_VEHICLES)
        case "merchant":
            merchants = (
                frozenset[MerchantId]() if principal.merchant is None else frozenset({principal.merchant})
            )
            return Reach(merchants=merchants, vehicles=_NO_VEHICLES)
        case "maker":
            makers = frozenset[MakerId]() if principal.maker is None else frozenset({principal.maker})
            return Reach(makers=makers)
        case "device":
            return Reach(vehicles=principal.vehicles or _NO_VEHICLES)
        case "internal":
            return EVERYTHING
