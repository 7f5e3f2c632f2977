"""The embedded Valkey under our own supervision."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from core.errors import Unavailable
from core.redis import connect
from core.valkey import SOCKET_PATH_MOST, EmbeddedValkey, find_binary, socket_path

Eventually = Callable[..., Awaitable[Any]]
ROOT = Path(__file__).parents[3]


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    yield server
    await server.stop()


async def put(server: EmbeddedValkey, name: str, value: str) -> None:
    client = connect(server.url)
    await client.set(name, value)
    await client.aclose()


async def get(server: EmbeddedValkey, name: str) -> bytes | None:
    client = connect(server.url)
    value = await client.get(name)
    await client.aclose()
    assert not isinstance(value, str)
    return value


async def test_it_listens_on_a_private_socket_only_and_keeps_everything(embedded: EmbeddedValkey) -> None:
    client = connect(embedded.url, text=True)
    names = ("port", "appendonly", "appendfsync", "save", "maxmemory-policy", "auto-aof-rewrite-percentage")
    told = {name: (await client.config_get(name))[name] for name in names}
    await client.aclose()
    assert told == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "auto-aof-rewrite-percentage": "400",
    }
    folder = Path(embedded.url.removeprefix("unix://").removesuffix("?db=0")).parent
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_it_keeps_its_data_over_a_stop_and_a_start(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    await put(server, "a", "1")
    await server.stop()
    await server.start()
    assert await get(server, "a") == b"1"
    await server.stop()


async def test_a_killed_server_is_started_again_with_its_data(
    embedded: EmbeddedValkey, eventually: Eventually
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(embedded.run(stop))
    await put(embedded, "a", "1")
    first = embedded.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: embedded.pid != first, within=10)
    assert await get(embedded, "a") == b"1"
    stop.set()
    await running


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    pid = server.pid
    assert pid is not None
    await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_two_supervisors_of_one_folder_are_refused(embedded: EmbeddedValkey, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="already being supervised"):
        await EmbeddedValkey(tmp_path / "valkey", Clock.real()).start()


PROGRAM = """
import asyncio, sys
from core.logs import configure
configure('test')
from pathlib import Path
from core.clock import Clock
from core.valkey import EmbeddedValkey
async def main():
    server = EmbeddedValkey(Path(sys.argv[1]), Clock.real())
    await server.start()
    print(server.pid, flush=True)
    await server.run(asyncio.Event())
asyncio.run(main())
"""


async def test_the_server_of_a_killed_supervisor_is_adopted_and_then_stopped(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "valkey")]
    parent = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    next_one = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await put(next_one, "kept", "1")
    await next_one.start()
    assert next_one.pid == pid
    await next_one.stop()
    # init reaps it where there is one; a zombie is no server either way
    assert not (tmp_path / "valkey" / "run" / "valkey.sock").exists()


async def test_a_stale_socket_and_a_stale_note_do_not_hinder_the_start(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", Clock.real())
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.sleep(0.1)
    await server.stop()
    (tmp_path / "valkey" / "valkey.pid").write_text(f"{os.getpid()}\n")
    await server.start()
    assert server.pid != os.getpid()
    await server.stop()


def test_a_long_folder_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert len(os.fsencode(socket_path(deep))) <= SOCKET_PATH_MOST
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep) != socket_path(tmp_path / ("y" * 120))


@pytest.mark.parametrize("name", ["我的 项目", "50% off?", "a#b"])
async def test_a_folder_of_any_name_has_an_address_that_clients_can_read(tmp_path: Path, name: str) -> None:
    server = EmbeddedValkey(tmp_path / name, Clock.real())
    await server.start()
    client = connect(server.url)
    # what an RQ worker asks at its start; an address with a space cannot be told from the next field
    info = await client.client_info()
    await client.aclose()
    await server.stop()
    assert str(socket_path(tmp_path / name)) in str(info["addr"])


def test_a_configured_binary_comes_first_and_must_exist(tmp_path: Path) -> None:
    assert find_binary(sys.executable) == Path(sys.executable)
    assert find_binary().name in ("valkey-server", "redis-server")
    with pytest.raises(Unavailable):
        find_binary(str(tmp_path / "none"))


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "not-a-server"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(Unavailable, match="did not start"):
        await EmbeddedValkey(tmp_path / "valkey", Clock.real(), binary=str(broken)).start()
