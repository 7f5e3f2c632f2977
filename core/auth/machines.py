"""Keys of makers and devices: made once, exchanged for tokens, revoked for good."""

import asyncio
import hmac
from datetime import datetime

import structlog
from sqlalchemy import select, update

from core import audit
from core.auth.credentials import Credentials
from core.auth.machine_tokens import Machine, MachineKind, MachineTokens
from core.auth.principal import Principal
from core.auth.tables import machine_keys
from core.auth.tokens import new_token, token_hash
from core.clock import Clock
from core.database import Database, Transaction, insert_new
from core.errors import SteppeError, Unauthenticated
from core.ids import DeviceId, MakerId, VehicleNo

_log = structlog.get_logger("core.auth.machines")

REVOCATION_POLL_S = 2.0
"""Wall seconds until a revoked key is refused everywhere."""
_NOBODYS_HASH = token_hash("nobody has this secret")


async def ensure_maker_key(
    tx: Transaction, key_id: str, maker: MakerId, name: str, *, secret: str | None = None, at: datetime
) -> str | None:
    """Make sure that a maker has this key; return its secret when it was made now, None when it was there.

    `secret` is for a demo whose log-ins are printed; without one, 256 random bits are drawn.
    """
    machine = Machine(key_id=key_id, kind="maker", subject=maker, name=name)
    return await _ensure_key(tx, machine, secret, at)


async def ensure_device_key(
    tx: Transaction,
    key_id: str,
    device: DeviceId,
    name: str,
    vehicles: frozenset[VehicleNo],
    *,
    secret: str | None = None,
    at: datetime,
) -> str | None:
    """Make sure that a device has this key for its vehicles; return as ensure_maker_key does."""
    machine = Machine(key_id=key_id, kind="device", subject=device, name=name, vehicles=vehicles)
    return await _ensure_key(tx, machine, secret, at)


async def machine_key_exists(tx: Transaction, key_id: str) -> bool:
    """Tell whether a key was ever made under this id; one that has ended counts."""
    query = select(machine_keys.c.id).where(machine_keys.c.id == key_id)
    return (await tx.execute(query)).first() is not None


async def _ensure_key(tx: Transaction, machine: Machine, secret: str | None, at: datetime) -> str | None:
    given = secret or new_token("mk").token
    values = {
        "id": machine.key_id,
        "secret_hash": token_hash(given),
        "kind": machine.kind,
        "subject": machine.subject,
        "name": machine.name,
        "vehicles": machine.vehicles,
        "created_at": at,
    }
    if not await insert_new(tx, machine_keys, values):
        return None
    await audit.record(
        tx, None, "machine_key.made", f"machine_key:{machine.key_id}", {"kind": machine.kind}, at=at
    )
    return given


async def revoke_machine_key(
    tx: Transaction, by: Principal | None, key_id: str, *, reason: str, at: datetime
) -> bool:
    """End a key for good; return False when it was none or had ended. Gateways notice within two seconds."""
    result = await tx.execute(
        update(machine_keys)
        .where(machine_keys.c.id == key_id, machine_keys.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    if int(result.rowcount) == 0:
        return False
    await audit.record(tx, by, "machine_key.revoked", f"machine_key:{key_id}", reason=reason, at=at)
    return True


async def machine_of_key(tx: Transaction, key_id: str, secret: str) -> Machine:
    """Return whose key this is; raise Unauthenticated alike for an unknown or revoked key or wrong secret."""
    row = (await tx.execute(select(machine_keys).where(machine_keys.c.id == key_id))).one_or_none()
    kept = _NOBODYS_HASH if row is None else row.secret_hash
    if not hmac.compare_digest(kept, token_hash(secret)) or row is None or row.revoked_at is not None:
        raise Unauthenticated("credentials-wrong")
    kind: MachineKind = "maker" if row.kind == "maker" else "device"
    vehicles = None if row.vehicles is None else frozenset(VehicleNo(number) for number in row.vehicles)
    return Machine(key_id=row.id, kind=kind, subject=row.subject, name=row.name, vehicles=vehicles)


class GatewayIdentity:
    """Knows tokens of machines (an Identify for the gateway) and which keys were revoked meanwhile.

    `run` reads the revoked keys every two seconds; when SQL does not answer the last known ones count, and no
    token outlives its ten minutes. One per process, one event loop.
    """

    def __init__(self, database: Database, clock: Clock, tokens: MachineTokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._revoked: frozenset[str] = frozenset()
        self._is_failing = False

    async def __call__(self, credentials: Credentials) -> Principal:
        """Return whom a bearer token proves; raise Unauthenticated as MachineTokens.read does."""
        if credentials.bearer is None:
            raise Unauthenticated()
        principal = self._tokens.read(credentials.bearer, at=self._clock.wall())
        if self.is_revoked(principal):
            raise Unauthenticated("token-invalid", "The key of this token was revoked")
        return principal

    def is_revoked(self, principal: Principal) -> bool:
        """Return whether the key behind a principal was revoked: open links ask this every few seconds."""
        return principal.session in self._revoked

    async def still_holds(self, principal: Principal) -> bool:
        """Return whether an open link may go on: its token may have ended since, its key may not."""
        return not self.is_revoked(principal)

    async def refresh(self) -> None:
        """Read the revoked keys now."""
        async with self._database.read() as tx:
            rows = await tx.execute(select(machine_keys.c.id).where(machine_keys.c.revoked_at.is_not(None)))
            self._revoked = frozenset(rows.scalars())

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the revoked keys fresh until `stop`; an outage is logged when it starts and when it ends."""
        while not stop.is_set():
            try:
                await self.refresh()
                if self._is_failing:
                    self._is_failing = False
                    _log.info("revocations_readable_again")
            except SteppeError as error:
                if not self._is_failing:
                    self._is_failing = True
                    _log.warning("revocations_unreadable", code=error.code)
            try:
                async with asyncio.timeout(REVOCATION_POLL_S):
                    await stop.wait()
            except TimeoutError:
                continue
