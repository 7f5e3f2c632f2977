"""Passwords: Argon2id (RFC 9106), computed in a bounded number of threads."""

from typing import Self

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from core.errors import Unavailable

THREADS = 2
"""One hash takes 64 MiB and about 110 ms of a core: two at once leave the api room to answer."""
QUEUE = 40
"""Waiting log-ins past which further ones are turned away: 40 × 110 ms / 2 is about two seconds."""


class Passwords:
    """Hashes and checks passwords. One per process; belongs to one event loop."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        """Take Argon2 parameters, or pwdlib's (64 MiB, 3 passes, 4 lanes: RFC 9106's second choice)."""
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        self._limiter = CapacityLimiter(THREADS)
        self._nobodys: str | None = None

    @classmethod
    def quick(cls) -> Self:
        """Return a hasher of milliseconds, for tests and for the demo's printed passwords.

        A log-in checked with the full parameters replaces such a hash by a full one.
        """
        return cls(Argon2Hasher(time_cost=1, memory_cost=8 * 1024, parallelism=1))

    async def hash(self, password: str) -> str:
        """Return the PHC string of a password."""
        return await to_thread.run_sync(self._hash.hash, password, limiter=self._limiter)

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return whether the password fits, and a new hash when the stored one is out of date.

        Without a stored hash (no such account) it works as long and says no. Raises Unavailable when too many
        are waiting.
        """
        if self._limiter.statistics().tasks_waiting >= QUEUE:
            raise Unavailable("unavailable", "Too many people are logging in; try again", retry_after_s=2)
        if stored is None:
            await self._check(password, await self._of_nobody())
            return False, None
        return await self._check(password, stored)

    async def _check(self, password: str, stored: str) -> tuple[bool, str | None]:
        try:
            return await to_thread.run_sync(
                self._hash.verify_and_update, password, stored, limiter=self._limiter
            )
        except PwdlibError:
            return False, None

    async def _of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = await self.hash("nobody has this password")
        return self._nobodys
