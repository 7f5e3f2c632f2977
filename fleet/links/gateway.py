"""The gateway process: vehicle links, frames and reports over HTTP; it holds nothing but open links."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import msgspec
import structlog
from litestar import Litestar
from litestar.types import ControllerRouterHandler

from core import metrics
from core.auth.credentials import Identify
from core.auth.litestar import AuthPlugin
from core.auth.principal import Principal
from core.clock import Clock
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import REDIS_DOWN, Redis, StreamsRedis
from fleet.links.book import LinkBook
from fleet.links.buckets import Buckets
from fleet.links.connection import HandOver
from fleet.links.frames import Frames
from fleet.links.http import FrameRoutes
from fleet.links.intake import Intake
from fleet.links.judge import Judge
from fleet.links.link import RESTART, Link, LinkParts
from fleet.links.outgoing import PendingCommands
from fleet.links.profile import LinkProfile
from fleet.links.pusher import Pusher
from fleet.links.reports import Reports, Submit
from fleet.links.sender import Sender
from fleet.links.socket import open_link
from fleet.links.wire.frame import MAX_FRAME_BYTES
from fleet.telemetry.rejects import REJECT_NAMES, Reject, RejectCounts
from fleet.telemetry.roster import Roster, RosterSource
from fleet.telemetry.streams import streams_of

ROSTER_EVERY_S: Final = 1.0
TELL_EVERY_S: Final = 0.25
"""Held frames and what became durable."""
TELL_ALL_EVERY_S: Final = 1.0
"""What was accepted, which comes every five seconds at most."""
RECHECK_EVERY_S: Final = 30.0
"""How soon a revoked credential loses its open link."""
REDIS_RUN_EVERY_S: Final = 1.0
PING_EVERY_S: Final = 20
"""Of each link; a twentieth of them is pinged every second."""

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)
_log = structlog.get_logger("fleet.links.gateway")

type Recheck = Callable[[Principal], Awaitable[bool]]


class GatewayStores(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is given."""

    streams: StreamsRedis
    """Server of the telemetry streams."""
    plain: Redis
    """Server of the command stream and pub/sub."""
    roster: RosterSource
    submit_report: Submit
    commands: PendingCommands
    recheck: Recheck | None = None
    """Says whether the principal of an open link may still speak; None: as long as the link lasts."""


class Gateway:
    """Open links and the tasks that serve them. ``run`` belongs beside the web server in one event loop."""

    def __init__(self, stores: GatewayStores, clock: Clock, profile: LinkProfile, *, partitions: int) -> None:
        self.clock = clock
        self.profile = profile
        self.roster = Roster()
        self.rejects = RejectCounts()
        self.book = LinkBook()
        self.links: set[Link] = set()
        self.knows_vehicles = asyncio.Event()
        """Set once the roster is read: before, every vehicle is unknown and its positions would be lost."""
        self._stores = stores
        buckets = Buckets(rate=profile.positions_per_s, burst=profile.burst_positions)
        judge = Judge(self.roster, buckets, self.rejects, partitions)
        self.intake = Intake(
            stores.streams,
            judge,
            clock,
            batch_wall_ms=profile.batch_wall_ms,
            partitions=partitions,
            most_bytes=profile.stream_most_mb * 1_000_000,
        )
        self.frames = Frames(profile.max_frame_bytes)
        self.reports = Reports(stores.submit_report, self.roster, clock)
        self.pusher = Pusher(stores.plain, self.book, stores.commands)
        self.parts = LinkParts(
            roster=self.roster,
            clock=clock,
            profile=profile,
            intake=self.intake,
            frames=self.frames,
            reports=self.reports,
            book=self.book,
            partitions=partitions,
            pending_commands=stores.commands.pending,
            sent=self.pusher.note_sent,
            start=self._start,
            lost=self._lost,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: list[set[Link]] = [set() for _ in range(PING_EVERY_S)]
        self._next_turn = self._ping_turn = 0
        self._counted = dict.fromkeys(Reject, 0)
        self._counted_accepted = 0
        self._clock_s = clock.monotonic_s
        self._told_durable = 0
        self._tell_all_s = float("-inf")
        self._streams = streams_of(stores.streams)
        self._run_ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Gateway({len(self.links)} links, {self.intake.accepted} positions accepted)"

    async def ready(self) -> None:
        """Return when frames and commands can pass; raise what Redis raises otherwise."""
        await self._stores.streams.ping()
        await self._stores.plain.ping()

    def take(self, principal: Principal, hand_over: HandOver) -> None:
        """Take the connection of an accepted link over and serve it until it ends."""
        link = Link(self.sender(principal), self.parts, hand_over)
        self._next_turn = (self._next_turn + 1) % PING_EVERY_S
        link.turn = self._next_turn
        self._turns[link.turn].add(link)
        self.links.add(link)
        metrics.LINKS_OPEN.set(len(self.links))

    def _lost(self, link: Link) -> None:
        self.links.discard(link)
        self._turns[link.turn].discard(link)
        metrics.LINKS_OPEN.set(len(self.links))

    def _start(self, work: Coroutine[Any, Any, None], done: Callable[[], None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # a task that nobody holds may be collected

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and task.exception() is not None:
                _log.error("link_work_failed", exc_info=task.exception())
            done()

        task.add_done_callback(ended)

    def sender(self, principal: Principal) -> Sender:
        """Return a sender for a principal that the guard let through."""
        return Sender(principal, self.roster)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; then every link is closed with 1012 and the last batch appended."""
        await self.roster.refresh(self._stores.roster)
        self.knows_vehicles.set()
        inner = asyncio.Event()
        tasks = {
            asyncio.create_task(self.intake.run(inner), name="intake"),
            asyncio.create_task(self.pusher.run(inner), name="pusher"),
            asyncio.create_task(self._every(ROSTER_EVERY_S, self._refresh, inner), name="roster"),
            asyncio.create_task(self._every(TELL_EVERY_S, self._tell, inner), name="tell"),
            asyncio.create_task(self._every(RECHECK_EVERY_S, self._recheck, inner), name="recheck"),
            asyncio.create_task(self._every(1.0, self._keep_alive, inner), name="ping"),
            asyncio.create_task(self._every(REDIS_RUN_EVERY_S, self._watch_run, inner), name="redis-run"),
        }
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
            self.close_links()
        finally:
            inner.set()
            stopping.cancel()
            await asyncio.wait(tasks, timeout=5.0)
            for task in tasks:
                task.cancel()

    def close_links(self) -> None:
        """Ask every vehicle to connect again elsewhere."""
        for link in list(self.links):
            link.close(RESTART, "service restart")

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        is_away = False
        while not stop.is_set():
            try:
                await work()
                is_away = False
            except Exception as error:  # noqa: BLE001 - a watcher that dies would be noticed by nobody
                if not is_away:
                    is_away = True
                    _log.warning("gateway_watcher_failed", work=work.__name__, error=repr(error))
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                continue

    async def _refresh(self) -> None:
        await self.roster.refresh(self._stores.roster)

    async def _tell(self) -> None:
        # Asking 10,000 links takes 20 ms: what none of them can know anew is asked once a second.
        durable = self.intake.durable_flush
        is_news = durable != self._told_durable or self._clock_s() >= self._tell_all_s
        if is_news:
            self._told_durable, self._tell_all_s = durable, self._clock_s() + TELL_ALL_EVERY_S
        for link in list(self.links):
            if link.is_holding:
                link.release_held()
            if is_news:
                link.tell_accepted()
        metrics.POSITIONS_ACCEPTED.inc(self.intake.accepted - self._counted_accepted)
        self._counted_accepted = self.intake.accepted
        for reason in REJECT_NAMES:
            total = self.rejects.total(reason)
            if total > self._counted[reason]:
                metrics.POSITIONS_REFUSED.labels(reason=reason.name.lower()).inc(
                    total - self._counted[reason]
                )
                self._counted[reason] = total

    async def _keep_alive(self) -> None:
        self._ping_turn = (self._ping_turn + 1) % PING_EVERY_S
        for link in list(self._turns[self._ping_turn]):
            link.keep_alive()

    async def _recheck(self) -> None:
        if self._stores.recheck is None:
            return
        for link in list(self.links):
            if not await self._stores.recheck(link.sender.principal):
                link.close(4401, "not-authenticated")

    async def _watch_run(self) -> None:
        """Close every link when a server of the streams is another one than before.

        One that was started again may have lost its last second; vehicles send it again when they reconnect.
        """
        try:
            run_ids = await self._streams.run_ids()
        except _AWAY:
            return
        if any(run_ids.get(node, run_id) != run_id for node, run_id in self._run_ids.items()):
            _log.warning("stream_server_restarted", links=len(self.links))
            self.close_links()
        self._run_ids = run_ids


def gateway_app(
    gateway: Gateway,
    identify: Identify,
    *,
    routes: Sequence[ControllerRouterHandler] = (),
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
) -> Litestar:
    """Return the ASGI app of a gateway. ``routes``: the token handler and health routes of the composition.

    The app starts and stops the gateway's tasks with its own lifespan, inside the ``lifespan`` given: what
    that opens (a database, an inbox writer) is there before the first link and after the last.
    """

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        app.state.gateway = gateway
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop))
        knows = asyncio.create_task(gateway.knows_vehicles.wait())
        # Nothing listens before: links that come back at once find their vehicles known.
        await asyncio.wait({task, knows}, return_when=asyncio.FIRST_COMPLETED)
        knows.cancel()
        try:
            yield
        finally:
            stop.set()
            await task

    return Litestar(
        route_handlers=[open_link, FrameRoutes, *routes],
        plugins=[AuthPlugin(identify)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[*lifespan, running],
        request_max_body_size=MAX_FRAME_BYTES,
        openapi_config=None,
        logging_config=None,
    )
