"""Who is asking the api: staff, residents, links by cookie, merchants and our processes by bearer token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.auth.api_tokens import principal_of_token
from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.sessions import FoundSession, SessionLife, SessionStore
from core.clock import Clock
from core.database import Database
from core.errors import SteppeError, Unauthenticated, Unavailable
from core.together import Together

MOST_TOGETHER: Final = 64
"""Requests whose sessions are read in one transaction at most."""


class PeopleIdentity:
    """Looks sessions and tokens up in SQL (an Identify for the api). Safe for all tasks of one loop."""

    def __init__(self, database: Database, clock: Clock, lives: dict[str, SessionLife]) -> None:
        self._database = database
        self._clock = clock
        self._lives = lives
        self._look: Together[tuple[str, ...], FoundSession] = Together(self._look_up, most=MOST_TOGETHER)

    async def __call__(self, credentials: Credentials) -> Principal:
        """Return whom the bearer token or the first live session proves; raise Unauthenticated otherwise."""
        at = self._clock.wall()
        if credentials.bearer is not None:
            async with self._database.read() as tx:
                return await principal_of_token(tx, credentials.bearer, at=at)
        if not credentials.sessions:
            raise Unauthenticated()
        found = await self._look(credentials.sessions)
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

    async def _look_up(self, shown: Sequence[tuple[str, ...]]) -> list[FoundSession | SteppeError]:
        """Return the first live session of each of several who showed tokens at the same time."""
        tokens = {token for mine in shown for token in mine}
        async with self._database.read() as tx:
            live = await SessionStore(tx).find_each(tokens, self._lives, at=self._clock.wall())
        first = [next((live[token] for token in mine if token in live), None) for mine in shown]
        return [Unauthenticated("session-expired") if one is None else one for one in first]

    async def _touch(self, found: FoundSession, at: datetime) -> None:
        if not found.needs_touch:
            return
        try:
            async with self._database.write() as tx:
                await SessionStore(tx).touch(found.principal, at=at)
        except Unavailable:
            # A busy database must not turn a good session away; the next request writes it.
            return
