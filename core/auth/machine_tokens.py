"""Short-lived tokens of makers and devices: signed, so that the gateway checks them without a query."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from msgspec import Struct

from core.auth.principal import Principal
from core.auth.roles import Role
from core.errors import Unauthenticated
from core.ids import MakerId, VehicleNo
from core.privacy.cipher import derive_key

AUDIENCE = "gateway"
ISSUER = "steppe"
_ALGORITHM = "HS256"

MachineKind = Literal["maker", "device"]


class Machine(Struct, frozen=True, kw_only=True):
    """A maker's cloud or one device, as its key row says."""

    key_id: str
    kind: MachineKind
    subject: str
    """Maker id or device id."""
    name: str
    vehicles: frozenset[VehicleNo] | None = None
    """A device's own vehicles; None for a maker, whose vehicles are those registered to it."""


class MachineTokens:
    """Issues and reads tokens: JWT (RFC 7519), HS256, one audience, one issuer. Pure but for its key."""

    def __init__(self, token_key: str, life: timedelta = timedelta(minutes=10)) -> None:
        """Take ``security.token_key``; the signing key is derived from it."""
        self._key = OctKey.import_key(derive_key(token_key.encode(), "gateway tokens"))
        self.life = life

    def issue(self, machine: Machine, *, at: datetime) -> str:
        """Return a token that proves the machine from a wall moment on, for `life`."""
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": machine.subject,
            "kid": machine.key_id,
            "kind": machine.kind,
            "name": machine.name,
            "iat": int(at.timestamp()),
            "exp": int((at + self.life).timestamp()),
        }
        if machine.vehicles is not None:
            claims["vehicles"] = sorted(machine.vehicles)
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def read(self, token: str, *, at: datetime) -> Principal:
        """Return whom a token proves at a wall moment.

        Raises Unauthenticated("token-expired") past its end and "token-invalid" for everything else: another
        key, another algorithm (``none`` among them), audience or issuer, a claim missing or of another type.
        """
        registry = jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            kid={"essential": True},
            kind={"essential": True, "values": ["maker", "device"]},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            registry.validate(claims)
            return _principal(claims)
        except ExpiredTokenError:
            raise Unauthenticated("token-expired") from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unauthenticated("token-invalid") from None


def _principal(claims: Mapping[str, Any]) -> Principal:
    kind: MachineKind = "maker" if claims["kind"] == "maker" else "device"
    # A list of one audience would pass the registry; ours is the plain string.
    if claims["aud"] != AUDIENCE:
        raise ValueError("aud")
    vehicles = frozenset(VehicleNo(int(number)) for number in claims.get("vehicles", ()))
    return Principal(
        kind=kind,
        id=str(claims["sub"]),
        name=str(claims["name"]),
        role=Role(kind),
        maker=MakerId(str(claims["sub"])) if kind == "maker" else None,
        vehicles=None if kind == "maker" else vehicles,
        session=str(claims["kid"]),
        expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
    )
