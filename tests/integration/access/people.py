"""Somebody of every role, with the credentials they would really hold."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from core.auth.api_tokens import ensure_internal_token, ensure_merchant_token
from core.auth.links import issue_link, open_link
from core.auth.lives import SignInRules
from core.auth.machine_tokens import Machine, MachineTokens
from core.auth.passwords import Passwords
from core.auth.principal import Principal
from core.auth.residents import ResidentStore
from core.auth.roles import STAFF_ROLES, Role
from core.auth.sessions import SessionStore
from core.auth.staff import StaffAccount, ensure_staff
from core.auth.tokens import new_token
from core.database import Database
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, VehicleNo
from core.privacy.cipher import SecretKeys

_PASSWORDS = Passwords.quick()


class Tenant(Struct, frozen=True, kw_only=True):
    """The axes of whose is what: an operator in a district, a merchant, a resident, a maker."""

    name: str
    operator: OperatorId
    district: DistrictCode
    merchant: MerchantId
    phone: str


HOME = Tenant(
    name="home",
    operator=OperatorId("op-a"),
    district=DistrictCode("KB"),
    merchant=MerchantId("m-1"),
    phone="+8613800000001",
)
FOREIGN = Tenant(
    name="foreign",
    operator=OperatorId("op-b"),
    district=DistrictCode("ZG"),
    merchant=MerchantId("m-2"),
    phone="+8613800000002",
)
NEIGHBOUR = replace(FOREIGN, name="neighbour", district=HOME.district)
"""Another company in the same 旗区."""
SISTER = replace(FOREIGN, name="sister", operator=HOME.operator)
"""The same company in another 旗区."""


async def agents_of_the_city(
    database: Database, rules: SignInRules, district: DistrictCode, *names: str, wall: datetime
) -> Mapping[str, Mapping[str, str]]:
    """Return the headers of people of an agency, who work for no operator, by name."""
    headers = {}
    async with database.write() as tx:
        for name in names:
            account = StaffAccount(
                username=name.replace(" ", "-"),
                name=name,
                role=Role.AGENCY,
                password="a password of a test",
                districts=frozenset({district}),
            )
            staff = await ensure_staff(tx, account, _PASSWORDS, at=wall)
            opened = await SessionStore(tx).open("st", staff, rules.lives, shown=(), at=wall)
            headers[name] = {"cookie": f"steppe_session={opened.token.token}"}
    return headers


async def credentials_of(
    database: Database,
    rules: SignInRules,
    keys: SecretKeys,
    tokens: MachineTokens,
    tenant: Tenant,
    *,
    order: OrderId,
    wall: datetime,
) -> Mapping[Role, Mapping[str, str]]:
    """Return the headers of somebody of every role of a tenant: fresh sessions, tokens and links."""
    headers: dict[Role, Mapping[str, str]] = {}
    async with database.write() as tx:
        sessions = SessionStore(tx)
        for role in sorted(STAFF_ROLES):
            account = StaffAccount(
                username=f"{tenant.name}-{role.value}",
                name=role.value,
                role=role,
                password="a password of a test",
                operator=tenant.operator,
                districts=frozenset({tenant.district}),
            )
            staff = await ensure_staff(tx, account, _PASSWORDS, at=wall)
            opened = await sessions.open("st", staff, rules.lives, shown=(), at=wall)
            headers[role] = {"cookie": f"steppe_session={opened.token.token}"}
        resident = await ResidentStore(tx, keys).ensure(tenant.phone, at=wall)
        opened = await sessions.open("re", resident, rules.lives, shown=(), at=wall)
        headers[Role.RESIDENT] = {"cookie": f"steppe_resident={opened.token.token}"}
        owner = Principal(
            kind="resident",
            id=resident,
            name="r",
            role=Role.RESIDENT,
            expires_at=wall + rules.lives["re"].absolute,
        )
        link = await issue_link(tx, owner, order, resident, wall=wall, at=wall)
        held = await open_link(tx, link, rules.lives, wall=wall, at=wall)
        assert held.session is not None
        headers[Role.LINK] = {"cookie": f"steppe_link={held.session.token.token}"}
        merchant = await ensure_merchant_token(tx, tenant.merchant, "till", at=wall)
        internal = new_token("api").token
        await ensure_internal_token(tx, "test", token=internal, at=wall)
    headers[Role.MERCHANT] = {"authorization": f"Bearer {merchant}"}
    headers[Role.INTERNAL] = {"authorization": f"Bearer {internal}"}
    for kind, role in (("maker", Role.MAKER), ("device", Role.DEVICE)):
        machine = Machine(
            key_id=f"key-{kind}-{tenant.name}",
            kind="maker" if kind == "maker" else "device",
            subject=f"{kind}-{tenant.name}",
            name=kind,
            vehicles=frozenset({VehicleNo(1)}) if kind == "device" else None,
        )
        headers[role] = {"authorization": f"Bearer {tokens.issue(machine, at=wall)}"}
    return headers
