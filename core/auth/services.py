"""Everything about signing in that an api process needs, put together once."""

from typing import Self

from msgspec import Struct

from core.auth.configured import secret_keys
from core.auth.links import OpenedLink, open_link
from core.auth.litestar import AuthPlugin
from core.auth.lives import SignInRules, sign_in_rules
from core.auth.merchant_pages import open_merchant_page
from core.auth.notices import NoticePort
from core.auth.open_sockets import RECHECK_S
from core.auth.passwords import Passwords
from core.auth.people import PeopleIdentity
from core.auth.principal import Principal
from core.auth.resident_sign_in import ResidentSignIn
from core.auth.sessions import SessionStore, SignedIn
from core.auth.staff_sign_in import StaffSignIn
from core.clock import Clock
from core.database import Database
from core.privacy.cipher import SecretKeys
from core.settings import Settings


class AuthServices(Struct, frozen=True, kw_only=True):
    """What the log-in routes call. One per process and event loop."""

    database: Database
    clock: Clock
    keys: SecretKeys
    rules: SignInRules
    people: PeopleIdentity
    staff: StaffSignIn
    residents: ResidentSignIn
    origins: frozenset[str]

    @classmethod
    def assemble(
        cls,
        database: Database,
        clock: Clock,
        settings: Settings,
        notices: NoticePort,
        *,
        passwords: Passwords | None = None,
    ) -> Self:
        """Return the services over an open database; `passwords` are quick in tests."""
        keys = secret_keys(settings.security)
        rules = sign_in_rules(settings)
        hasher = passwords or Passwords()
        own = settings.api.public_url.rstrip("/").lower()
        return cls(
            database=database,
            clock=clock,
            keys=keys,
            rules=rules,
            people=PeopleIdentity(database, clock, rules.lives),
            staff=StaffSignIn(database, clock, keys, hasher, rules),
            residents=ResidentSignIn(database, clock, keys, notices, rules),
            origins=frozenset(
                {own, *(origin.rstrip("/").lower() for origin in settings.security.allowed_origins)}
            ),
        )

    def plugin(self, *, recheck_s: float = RECHECK_S) -> AuthPlugin:
        """Return the plugin of an api app: identity, `principal`, `caller`, and `auth` for log-in."""

        def provide_auth() -> AuthServices:
            return self

        return AuthPlugin(
            self.people,
            allowed_origins=self.origins,
            provides={"auth": provide_auth},
            still_holds=self.people.still_holds,
            recheck_s=recheck_s,
        )

    async def open_link(self, token: str, *, holder: Principal | None, shown: tuple[str, ...]) -> OpenedLink:
        """Return a session for the holder of an order's link; raise Unauthenticated when it ended."""
        async with self.database.write() as tx:
            return await open_link(
                tx,
                token,
                self.rules.lives,
                holder=holder,
                shown=shown,
                wall=self.clock.wall(),
                at=self.clock.now(),
            )

    async def open_merchant_page(self, token: str, *, shown: tuple[str, ...]) -> SignedIn:
        """Return a session of the shop whose token this is; raise Unauthenticated for any other."""
        async with self.database.write() as tx:
            return await open_merchant_page(
                tx, token, self.rules.lives, shown=shown, wall=self.clock.wall(), at=self.clock.now()
            )

    async def end_session(self, shown: tuple[str, ...]) -> None:
        """End the sessions a browser showed; nothing happens for unknown ones."""
        async with self.database.write() as tx:
            for token in shown:
                await SessionStore(tx).revoke(token, at=self.clock.wall())
