"""What carries notices out of the city, and what tells it what to say: the two ports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from core.database import Transaction
from core.privacy.masks import mask_phone
from services.notices.kinds import Channel, Occasion
from services.notices.notice import Notice


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One notice as a carrier gets it: to whom, what, in which language. Its repr shows neither."""

    notice_id: str
    """The same at every try, so that a carrier leaves a repeat out."""
    channel: Channel
    occasion: Occasion
    to: str
    """A phone in E.164, or a WeChat id."""
    language: str
    text: str
    at: datetime

    def __repr__(self) -> str:
        return f"Message({self.notice_id}, {self.channel.value} to {mask_phone(self.to)})"


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier took a message. ``cost_fen`` None is the usual price of the channel."""

    reference: str = ""
    cost_fen: int | None = None
    is_received: bool = False
    """The carrier knows at once that it arrived; no receipt will follow."""


class NotTaken(Exception):
    """The carrier will never take this message; the text says why and names nobody."""


class NoticeCarrier(Protocol):
    """What sends texts, calls and WeChat messages."""

    async def send(self, message: Message) -> Accepted:
        """Hand the message on. Raises Unavailable when another try may help, NotTaken when none will."""
        ...


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice says beside its fixed words; ``to`` is whom to tell when it is not the recipient."""

    words: Mapping[str, tuple[str, str]] = {}
    """(zh, en) by the name of a gap in the text."""
    to: str | None = None
    has_code: bool = False


class NoticeWriter(Protocol):
    """Knows what is to be said about one kind of subject."""

    async def facts(self, tx: Transaction, notice: Notice) -> Facts | None:
        """Return what fills the text; None when there is nothing to say any more."""
        ...
