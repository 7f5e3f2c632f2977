"""The carrier that posts each message to the city's provider, or to a small program in front of it."""

from typing import Final

import httpx
import msgspec

from core.errors import Unavailable
from services.notices.port import Accepted, Message, NotTaken

TIMEOUT_S: Final = 5.0
TRY_AGAIN: Final = frozenset({408, 425, 429})
"""Answers of a provider that is only busy."""


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    """What a provider may answer."""

    reference: str = ""
    cost_fen: int | None = None


class HttpCarrier:
    """Posts JSON with the notice's id as ``Idempotency-Key``: the provider takes a repeat as done."""

    def __init__(self, url: str, *, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        """Take the provider's address and the token that it gave the city."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False, headers=headers)
        self._url = url

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def send(self, message: Message) -> Accepted:
        """Post the message. Raises Unavailable for silence, 5xx and busy, NotTaken for any other refusal."""
        body = {
            "noticeId": message.notice_id,
            "channel": message.channel.value,
            "occasion": message.occasion.value,
            "to": message.to,
            "language": message.language,
            "text": message.text,
        }
        try:
            answer = await self._client.post(
                self._url, json=body, headers={"Idempotency-Key": message.notice_id}
            )
        except httpx.HTTPError as error:
            raise Unavailable("unavailable", type(error).__name__, retry_after_s=60) from error
        if answer.status_code >= 500 or answer.status_code in TRY_AGAIN:
            raise Unavailable("unavailable", f"answered {answer.status_code}", retry_after_s=60)
        if not answer.is_success:
            raise NotTaken(f"answered {answer.status_code}")
        try:
            said = msgspec.json.decode(answer.content or b"{}", type=_Answer)
        except msgspec.DecodeError:
            said = _Answer()
        return Accepted(reference=said.reference[:120], cost_fen=said.cost_fen)
