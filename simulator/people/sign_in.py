"""How residents get into their phone page: a number, a code read from the demo's phone, a session kept."""

import re

from simulator.people.api import Api
from simulator.people.pace import Sessions

_SIX_DIGITS = re.compile(r"(?<!\d)\d{6}(?!\d)")


class Resident:
    """Somebody with a phone and, once logged in, a session."""

    def __init__(self, phone: str, district: str, cookie: str = "") -> None:
        self.phone = phone
        self.district = district
        self.cookie = cookie


class SignIn:
    """Gives residents sessions; what it got outlives a restart."""

    def __init__(self, api: Api, sessions: Sessions) -> None:
        self._api = api
        self._sessions = sessions

    async def has_session(self, resident: Resident) -> bool:
        """Return whether somebody is signed in, signing her in when she is not."""
        if resident.cookie:
            answer = await self._api.call("GET", "/api/residents/me", cookie=resident.cookie)
            if answer.is_good:
                return True
            resident.cookie = ""
        asked = await self._api.call("POST", "/api/residents/codes", body={"phone": resident.phone})
        if not asked.is_good:
            return False
        code = await self._code_on_phone(resident.phone)
        if code is None:
            return False
        body = {"phone": resident.phone, "code": code}
        answer = await self._api.call("POST", "/api/residents/login", body=body)
        resident.cookie = answer.cookie if answer.is_good else ""
        self._sessions[resident.phone] = resident.cookie
        return answer.is_good

    async def _code_on_phone(self, phone: str) -> str | None:
        """Read the newest sign-in code from the demo's phone, where a SIM would show it."""
        answer = await self._api.call("GET", "/api/demo/phone", params={"number": phone})
        if not answer.is_good or not isinstance(answer.body, list):
            return None
        for message in answer.body:
            found = _SIX_DIGITS.search(str(message.get("zh", "")))
            if message.get("kind") == "sign-in-code" and found:
                return found.group()
        return None


def phone_of(seed: int, number: int) -> str:
    """Return a mobile number that the simulation uses: 199 and eight digits by seed and number."""
    return f"199{(seed * 7919 + number * 104_729) % 100_000_000:08d}"
