"""Who is asking the api: staff, residents, links by cookie, merchants and our processes by bearer token."""

from datetime import datetime

from core.auth.api_tokens import principal_of_token
from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.sessions import FoundSession, SessionLife, SessionStore
from core.clock import Clock
from core.database import Database
from core.errors import Unauthenticated, Unavailable


class PeopleIdentity:
    """Looks sessions and tokens up in SQL (an Identify for the api). Safe for all tasks of one loop."""

    def __init__(self, database: Database, clock: Clock, lives: dict[str, SessionLife]) -> None:
        self._database = database
        self._clock = clock
        self._lives = lives

    async def __call__(self, credentials: Credentials) -> Principal:
        """Return whom the bearer token or the first live session proves; raise Unauthenticated otherwise."""
        at = self._clock.wall()
        async with self._database.read() as tx:
            if credentials.bearer is not None:
                return await principal_of_token(tx, credentials.bearer, at=at)
            found = await self._first_live(SessionStore(tx), credentials.sessions, at)
        if found is None:
            raise Unauthenticated("session-expired") if credentials.sessions else Unauthenticated()
        await self._touch(found, at)
        return found.principal

    async def still_holds(self, principal: Principal) -> bool:
        """Return whether a principal would be let in again now: asked by connections that stay open.

        A socket that is open counts as use of its session.
        """
        at = self._clock.wall()
        if principal.expires_at <= at:
            return False
        if principal.kind not in ("staff", "resident", "link"):
            return True
        async with self._database.read() as tx:
            found = await SessionStore(tx).find_again(principal, self._lives, at=at)
        if found is not None:
            await self._touch(found, at)
        return found is not None

    async def _first_live(
        self, sessions: SessionStore, tokens: tuple[str, ...], at: datetime
    ) -> FoundSession | None:
        for token in tokens:
            if found := await sessions.find(token, self._lives, at=at):
                return found
        return None

    async def _touch(self, found: FoundSession, at: datetime) -> None:
        if not found.needs_touch:
            return
        try:
            async with self._database.write() as tx:
                await SessionStore(tx).touch(found.principal, at=at)
        except Unavailable:
            # A busy database must not turn a good session away; the next request writes it.
            return
