"""Sending what is due: claimed in SQL, retried with back-off, quiet when it can wait, priced."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from core.auth.residents import ResidentStore
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition, Unavailable
from core.privacy.cipher import SecretKeys
from services.notices.escalation import must_be_quiet
from services.notices.kinds import Channel, NoticeEvent, ReceiptCame, Refused, StoodDown, Taken
from services.notices.notice import Notice
from services.notices.port import Accepted, Message, NoticeCarrier, NoticeWriter, NotTaken
from services.notices.store import NoticeStore, WishStore
from services.notices.texts import write
from services.notices.wishes import Wishes, quiet_until

MOST_A_JOB: Final = 200
HELD: Final = timedelta(seconds=60)
"""How long a job that took a notice keeps others from it: longer than a provider takes to answer."""
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MOST: Final = timedelta(minutes=10)
TRIES_MOST: Final = 8
"""About half an hour of a provider that takes nothing: what is told later than that helps nobody."""

_log = structlog.get_logger("services.notices")


def pause_after(tries: int) -> timedelta:
    """Return how long a provider is left in peace after so many failed tries.

    >>> pause_after(1), pause_after(4), pause_after(30)
    (datetime.timedelta(seconds=5), datetime.timedelta(seconds=40), datetime.timedelta(seconds=600))
    """
    doublings = min(max(tries - 1, 0), 20)
    return min(BACKOFF_FIRST * (1 << doublings), BACKOFF_MOST)


class NoticeSender:
    """Sends each due notice; two jobs at once take different ones."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        carrier: NoticeCarrier,
        writers: Mapping[str, NoticeWriter],
        keys: SecretKeys,
        *,
        prices_fen: Mapping[Channel, int],
        time_zone: str,
    ) -> None:
        """Take what carries, who knows what to say by kind of subject, and the usual price of a channel."""
        self._database = database
        self._clock = clock
        self._carrier = carrier
        self._writers = writers
        self._keys = keys
        self._prices_fen = prices_fen
        self._time_zone = time_zone

    async def send_due(self) -> dict[str, int]:
        """Send what is due; return how many went which way.

        A process that dies between sending and marking sends again after a minute under the same id, which
        the provider takes as done.
        """
        counts: dict[str, int] = {}
        async with self._database.read() as tx:
            now, wall = self._clock.now(), self._clock.wall()
            due = await NoticeStore(tx).due(at=now, wall=wall, limit=MOST_A_JOB)
        for notice in due:
            try:
                word = await self._send(notice)
            except (Conflict, IllegalTransition):
                word = "taken-by-another"
            counts[word] = counts.get(word, 0) + 1
        return counts

    async def _send(self, notice: Notice) -> str:
        async with self._database.write() as tx:
            prepared = await self._prepare(tx, notice)
        if isinstance(prepared, str):
            return prepared
        held, message = prepared
        try:
            accepted = await self._carrier.send(message)
        except NotTaken as error:
            return await self._mark(held, Refused(trouble=str(error)[:200]), "given_up")
        except Unavailable as error:
            return await self._wait_longer(held, error.message)
        reach("before_ack")
        await self._mark(
            held, Taken(reference=accepted.reference, cost_fen=self._cost(held, accepted)), "sent"
        )
        if accepted.is_received:
            await self._received(held)
        return "sent"

    async def _prepare(self, tx: Transaction, notice: Notice) -> tuple[Notice, Message] | str:
        """Claim a notice and write its text; or say in a word why it is not sent now."""
        store, at = NoticeStore(tx), self._clock.now()
        wishes = await WishStore(tx).of(notice.resident_id)
        quiet = quiet_until(wishes.quiet_hours, at, time_zone=self._time_zone)
        if quiet is not None and must_be_quiet(notice.occasion, notice.channel, wishes):
            await store.note(notice, due_at=quiet)
            return "quiet"
        writer = self._writers.get(notice.subject.partition(":")[0])
        facts = None if writer is None else await writer.facts(tx, notice)
        if facts is None:
            await store.move(notice, StoodDown(), at=at)
            return "not_needed"
        to = facts.to or await self._address(tx, notice, wishes)
        if to is None:
            await store.move(notice, Refused(trouble="no number"), at=at)
            return "given_up"
        text = write(notice.occasion, notice.channel, wishes.language, facts.words, has_code=facts.has_code)
        held_until = self._clock.wall() + HELD
        held = await store.note(
            notice, tries=notice.tries + 1, held_until=held_until, language=wishes.language
        )
        return held, Message(
            notice_id=notice.notice_id,
            channel=notice.channel,
            occasion=notice.occasion,
            to=to,
            language=wishes.language,
            text=text,
            at=at,
        )

    async def _address(self, tx: Transaction, notice: Notice, wishes: Wishes) -> str | None:
        if notice.channel is Channel.WECHAT:
            return wishes.wechat_id or None
        return await ResidentStore(tx, self._keys).phone_of(notice.resident_id)

    def _cost(self, notice: Notice, accepted: Accepted) -> int:
        usual = self._prices_fen.get(notice.channel, 0)
        return usual if accepted.cost_fen is None else accepted.cost_fen

    async def _mark(self, notice: Notice, event: NoticeEvent, word: str) -> str:
        async with self._database.write() as tx:
            await NoticeStore(tx).move(notice, event, at=self._clock.now())
        return word

    async def _received(self, notice: Notice) -> None:
        async with self._database.write() as tx:
            store = NoticeStore(tx)
            await store.move(await store.get(notice.notice_id), ReceiptCame(), at=self._clock.now())

    async def _wait_longer(self, notice: Notice, trouble: str) -> str:
        if notice.tries >= TRIES_MOST:
            _log.error("notice_given_up", notice_id=notice.notice_id, tries=notice.tries)
            return await self._mark(notice, Refused(trouble=trouble[:200]), "given_up")
        held_until = self._clock.wall() + pause_after(notice.tries)
        async with self._database.write() as tx:
            await NoticeStore(tx).note(notice, held_until=held_until, trouble=trouble[:200])
        return "refused"
