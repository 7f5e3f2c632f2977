"""The public HTTP API as one person uses it: a session or a token, patience with outages, no cleverness."""

import asyncio
import random
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
import msgspec
import structlog

TRIES = 3
"""Tries of a request that changes something; who only looks will look again anyway."""
RETRY_FIRST_S = 0.5
CONNECTIONS = 12
_log = structlog.get_logger("simulator.people")


class Answer(msgspec.Struct, frozen=True):
    """What came back; ``code`` is the problem's, empty when all is well."""

    status: int
    body: Any = None
    code: str = ""
    cookie: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the request did what it should."""
        return 200 <= self.status < 300


NOBODY_ANSWERS = Answer(0, None, "nobody-answers")


class Api:
    """One client for many people; each call says who makes it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=15,
            trust_env=False,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )
        # cookies belong to a person, not to the client that many share
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.refused: dict[str, int] = {}
        """Problem codes that came back, counted."""
        self.latency_s = 0.0
        """How long the last twenty answers took: people are patient with a server that is slow."""
        self._is_away = False

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        cookie: str = "",
        token: str = "",
        body: Any = None,
        key: str = "",
        params: Mapping[str, str | int | float] | None = None,
    ) -> Answer:
        """Make a request; when it changes something, a 503, a 429 and a dead connection are tried again.

        A POST that must not be done twice carries ``key`` (Idempotency-Key), so that trying again is safe.
        """
        headers = {"Origin": self.url}
        if cookie:
            headers["Cookie"] = cookie
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        pause_s = RETRY_FIRST_S
        answer = NOBODY_ANSWERS
        tries = 1 if method == "GET" else TRIES
        for left in reversed(range(tries)):
            answer = await self._once(method, path, headers, content, params)
            if answer.status not in (0, 429, 502, 503, 504) or not left:
                break
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
            pause_s *= 2
        if answer.code:
            self.refused[answer.code] = self.refused.get(answer.code, 0) + 1
        return answer

    async def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None,
        params: Mapping[str, str | int | float] | None,
    ) -> Answer:
        began_s = time.monotonic()
        try:
            answer = await self._http.request(method, path, headers=headers, content=content, params=params)
        except httpx.HTTPError as error:
            self._away(True, f"{type(error).__name__}: {error}")
            return NOBODY_ANSWERS
        finally:
            took_s = time.monotonic() - began_s
            self.latency_s += (took_s - self.latency_s) / 20
        self._away(False)
        return _read(answer)

    def _away(self, now: bool, why: str = "") -> None:
        if now and not self._is_away:
            _log.warning("api_away", why=why)
        if not now and self._is_away:
            _log.info("api_back")
        self._is_away = now


def _read(answer: httpx.Response) -> Answer:
    try:
        body = msgspec.json.decode(answer.content) if answer.content else None
    except msgspec.DecodeError:
        body = None
    cookie = "; ".join(line.split(";", 1)[0] for line in answer.headers.get_list("set-cookie"))
    code = ""
    if answer.status_code >= 400:
        code = str(answer.status_code)
        if isinstance(body, dict):
            code = str(body.get("code", code))
    return Answer(answer.status_code, body, code, cookie)
