"""Telling people something outside the pages: a port, and the adapter that needs no provider."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import httpx
import msgspec
from anyio import to_thread
from msgspec import Struct

from core.errors import Unavailable
from core.privacy.masks import mask_phone
from core.settings import Settings

NoticeKind = Literal["sign-in-code", "order", "system"]


class Notice(Struct, frozen=True, kw_only=True):
    """One message to one phone, in both languages; the adapter chooses by the person's preference."""

    phone: str
    """E.164."""
    kind: NoticeKind
    zh: str
    en: str
    at: datetime
    notice_id: str = ""
    """Told apart by it: the demo's phone keeps the same notice once. Empty for what is never repeated."""

    def __repr__(self) -> str:
        return f"Notice({mask_phone(self.phone)}, {self.kind})"


class NoticePort(Protocol):
    """What sends notices."""

    async def send(self, notice: Notice) -> None:
        """Hand the notice to a provider; raise Unavailable when none takes it."""
        ...


class ConsoleNotices:
    """Prints that a notice went out; its text only in the demo, where nobody real is to be protected."""

    def __init__(self, say: Callable[[str], None], *, phone: "DemoPhone | None" = None) -> None:
        """Take what prints a line, and the demo's phone, whose presence also allows texts on the console."""
        self._say = say
        self._phone = phone

    async def send(self, notice: Notice) -> None:
        """Print one line and keep the notice in the demo's phone."""
        text = f": {notice.zh}" if self._phone else ""
        self._say(f"notice {notice.kind} to {mask_phone(notice.phone)}{text}")
        if self._phone is not None:
            await self._phone.keep(notice)


class WebhookNotices:
    """Posts each notice as JSON to the city's message provider, or to a small program in front of it."""

    TIMEOUT_S = 3.0

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(timeout=self.TIMEOUT_S, trust_env=False)
        self._url = url

    async def send(self, notice: Notice) -> None:
        """Post the notice; raise Unavailable unless the provider answers with success."""
        try:
            answer = await self._client.post(self._url, json=msgspec.to_builtins(notice))
        except httpx.HTTPError as error:
            raise Unavailable("unavailable", "The message could not be sent", retry_after_s=60) from error
        if not answer.is_success:
            raise Unavailable("unavailable", "The message was not taken", retry_after_s=60)


def notice_port(settings: Settings, say: Callable[[str], None]) -> NoticePort:
    """Return the adapter that the settings name; in demo and test it also fills the demo's phone."""
    if settings.notices.adapter == "webhook" and settings.notices.webhook_url:
        return WebhookNotices(settings.notices.webhook_url)
    if settings.environment in ("demo", "test"):
        return ConsoleNotices(say, phone=demo_phone_of(settings))
    return ConsoleNotices(say)


def demo_phone_of(settings: Settings) -> "DemoPhone":
    """Return the demo's phone below the data folder; all processes of a demo share it."""
    return DemoPhone(settings.data_dir / "demo-phone")


class DemoPhone:
    """The last messages of every phone of a demo, so that a visitor without a SIM can read his code.

    One small file a number below the data folder, named by a digest; made in demo and test only.
    """

    KEEP = 10

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, notice: Notice) -> None:
        """Remember a notice, forgetting the oldest of that phone."""
        await to_thread.run_sync(self._keep, notice)

    async def messages(self, phone: str) -> list[Notice]:
        """Return the messages of a phone (E.164), newest first; empty when there was none."""
        return await to_thread.run_sync(self._read, phone)

    def _keep(self, notice: Notice) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        known = self._read(notice.phone)
        if notice.notice_id and any(one.notice_id == notice.notice_id for one in known):
            return
        kept = [notice, *known][: self.KEEP]
        path = self._path(notice.phone)
        fresh = path.with_suffix(f".{id(notice):x}.tmp")
        fresh.write_bytes(msgspec.json.encode(kept))
        fresh.replace(path)

    def _read(self, phone: str) -> list[Notice]:
        try:
            return msgspec.json.decode(self._path(phone).read_bytes(), type=list[Notice])
        except (FileNotFoundError, msgspec.DecodeError):
            return []

    def _path(self, phone: str) -> Path:
        return self._folder / f"{hashlib.sha256(phone.encode()).hexdigest()[:24]}.json"
