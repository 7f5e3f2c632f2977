"""A member of staff at the public API: one log-in, kept as a browser keeps it."""

import asyncio
import hashlib
import hmac
import time
from base64 import b32decode
from typing import Any

from simulator.issued import GivenStaff
from simulator.people.api import Answer, Api
from simulator.people.pace import Pace, Sessions


class StaffDesk:
    """Logs one person in and makes that person's requests."""

    def __init__(
        self, given: GivenStaff, api: Api, pace: Pace, sessions: Sessions, door: asyncio.Semaphore
    ) -> None:
        """Take who it is; ``door`` lets few log in at a time, because each log-in costs the city 0.1 s."""
        self.given = given
        self._api = api
        self._pace = pace
        self._sessions = sessions
        self._door = door
        self._cookie = sessions.get(given.username, "")

    async def log_in(self) -> bool:
        """Return whether the person is logged in now; an old session is used as long as it lives."""
        if not self._pace.clock.is_known:
            return False
        if self._cookie:
            answer = await self.call("GET", "/api/me")
            if answer.is_good or answer.status != 401:
                return answer.is_good
        async with self._door:
            return await self._show_password()

    async def call(self, method: str, path: str, **said: Any) -> Answer:
        """Make a request as this person."""
        return await self._api.call(method, path, cookie=self._cookie, **said)

    async def _show_password(self) -> bool:
        body = {
            "username": self.given.username,
            "password": self.given.password,
            "totp": totp(self.given.totp_secret, time.time()),
        }
        answer = await self._api.call("POST", "/api/staff/login", body=body)
        self._cookie = answer.cookie if answer.is_good else ""
        self._sessions[self.given.username] = self._cookie
        return answer.is_good


def totp(secret_base32: str, wall_s: float) -> str:
    """Return the six digits of an authenticator at a moment (RFC 6238, 30 s, SHA-1).

    >>> totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59)
    '287082'
    """
    key = b32decode(secret_base32 + "=" * (-len(secret_base32) % 8), casefold=True)
    mac = hmac.digest(key, int(wall_s // 30).to_bytes(8, "big"), hashlib.sha1)
    offset = mac[-1] & 0x0F
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"
