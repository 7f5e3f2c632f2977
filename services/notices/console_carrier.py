"""The carrier of a demo: prints that a notice went out and keeps it in the demo's phone."""

from collections.abc import Callable

from core.auth.notices import DemoPhone
from core.auth.notices import Notice as PhoneNotice
from core.privacy.masks import mask_phone
from services.notices.port import Accepted, Message


class ConsoleCarrier:
    """Prints one line a message, the number masked; whoever has the demo's phone reads the text there."""

    def __init__(self, say: Callable[[str], None], *, phone: DemoPhone | None = None) -> None:
        """Take what prints a line, and the demo's phone; without one nothing is kept."""
        self._say = say
        self._phone = phone

    async def send(self, message: Message) -> Accepted:
        """Print and keep the message; a message that is there already is not kept twice."""
        self._say(f"notice {message.channel.value} {message.occasion.value} to {mask_phone(message.to)}")
        if self._phone is None:
            return Accepted(reference=f"console-{message.notice_id}")
        kept = PhoneNotice(
            phone=message.to,
            kind="order",
            zh=message.text,
            en=message.text,
            at=message.at,
            notice_id=message.notice_id,
        )
        await self._phone.keep(kept)
        return Accepted(reference=f"console-{message.notice_id}", is_received=True)
