"""compose.yaml, tried without a container engine: every command as a process, every health check run."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from core.settings import SECRETS, load
from steppe.health import address_of, probe
from steppe.supervisor import ChildSpec, Supervisor
from tests.integration.steppe.composed import (
    GIVEN,
    ROOT,
    Machine,
    NotGiven,
    Service,
    read_compose,
    services,
)

type Patience = Callable[..., Awaitable[Any]]

ONE_SHOT = ("migrate", "load")


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine()
    yield made
    made.close()


def ours() -> dict[str, Service]:
    return services(read_compose())


def long_lived() -> dict[str, Service]:
    return {name: service for name, service in ours().items() if name not in ONE_SHOT}


def test_every_process_of_the_topology_is_a_service_with_a_health_check() -> None:
    commands = {service.command[0] for service in long_lived().values()}
    assert commands == {"api", "gateway", "tracker", "archiver", "scheduler", "worker"}
    for name, service in long_lived().items():
        assert service.health == ("steppe", "health", service.command[0]), name


def test_the_order_of_starting_is_database_schema_city_processes() -> None:
    waits = {name: service.waits_for for name, service in ours().items()}
    assert waits.pop("migrate") == {"postgres": "service_healthy"}
    assert waits.pop("load") == {"migrate": "service_completed_successfully"}
    for name, waited in waits.items():
        assert waited == {"load": "service_completed_successfully", "valkey": "service_healthy"}, name


@pytest.mark.parametrize("name", ours())
def test_the_environment_of_a_service_is_one_that_production_accepts(name: str) -> None:
    settings = load(ours()[name].environment)
    assert settings.environment == "production"
    for secret in SECRETS:
        assert getattr(settings.security, secret) == GIVEN[f"STEPPE_SECURITY__{secret.upper()}"]


@pytest.mark.parametrize("variable", sorted(set(GIVEN) - {"STEPPE_CITY__PACK"}))
def test_no_secret_and_no_address_has_a_default(variable: str) -> None:
    with pytest.raises(NotGiven, match=variable):
        read_compose({name: value for name, value in GIVEN.items() if name != variable})


def test_published_ports_are_those_that_the_processes_listen_on() -> None:
    published = {
        name: [port.split(":")[1] for port in service["ports"]]
        for name, service in read_compose()["services"].items()
        if "ports" in service
    }
    settings = load(ours()["api"].environment)
    assert published == {"api": [str(settings.api.port)], "gateway": [str(settings.gateway.port)]}


def test_the_stores_health_checks_ask_what_their_images_can_answer() -> None:
    checks = {
        name: read_compose()["services"][name]["healthcheck"]["test"] for name in ("postgres", "valkey")
    }
    assert checks == {
        # the image's own start-up server listens on its socket alone, and is gone a second later
        "postgres": ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U steppe -d steppe"],
        # an error reply, such as LOADING, leaves valkey-cli with exit code 0
        "valkey": ["CMD-SHELL", "valkey-cli ping | grep -qx PONG"],
    }


def test_the_image_starts_what_the_commands_are_words_of() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE) == ['["steppe"]']


class Watch:
    """Looks at the health of services the way their containers' health checks do."""

    def __init__(self, machine: Machine, watched: Mapping[str, Service], eventually: Patience) -> None:
        self._machine = machine
        self._watched = watched
        self._eventually = eventually

    async def all_turn(self, green: bool, within_s: float) -> None:
        """Wait until every service answers so, then claim the same of compose's own health checks.

        The waiting asks over HTTP in this process: a check of compose costs half a second of Python.
        """

        async def turned() -> bool:
            return set((await self._look(self._watched.values())).values()) == {green}

        try:
            await self._eventually(turned, within=within_s, every=0.25)
        except AssertionError:
            raise AssertionError(f"not all {green}: {await self._look(self._watched.values())}") from None
        checked = [await self._check(service) for service in self._watched.values()]
        assert {name: code == 0 for name, code, _ in checked} == dict.fromkeys(self._watched, green), checked

    async def _look(self, watched: Iterable[Service]) -> dict[str, bool]:
        asked = {each.name: load(self._machine.mapped(each)) for each in watched}
        answers = await asyncio.gather(
            *(probe(str(self._watched[name].command[0]), settings) for name, settings in asked.items())
        )
        return {name: ready for name, (ready, _) in zip(asked, answers, strict=True)}

    async def scraped_from_elsewhere(self) -> dict[str, bool]:
        """Return whether a scraper that is not this container's loopback gets each service's metrics.

        127.0.0.2 stands for the container's address: who listens on 127.0.0.1 alone does not hear it.
        """
        found = {}
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            for name, service in self._watched.items():
                _, port = address_of(str(service.command[0]), load(self._machine.mapped(service)))
                try:
                    answer = await client.get(f"http://127.0.0.2:{port}/metrics")
                except httpx.ConnectError:
                    found[name] = False
                else:
                    found[name] = answer.is_success and "steppe_" in answer.text
        return found

    async def _check(self, service: Service) -> tuple[str, int, str]:
        assert service.health is not None
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *service.health,
            env=self._machine.program_environment(service),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        return service.name, process.returncode or 0, said.decode().strip()


@asynccontextmanager
async def supervised(machine: Machine) -> AsyncIterator[None]:
    """Run the long-lived services under our own supervisor, each with its own environment."""
    specs = [
        ChildSpec(name=name, words=service.command, environment=machine.program_environment(service))
        for name, service in long_lived().items()
    ]
    log_dir = machine.folder / "log"
    supervisor = Supervisor(specs, environment={"PYTHONPATH": str(ROOT)}, log_dir=log_dir, say=lambda _: None)
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


@pytest.mark.slow
@pytest.mark.thorough  # starts every process twice: more than a minute
async def test_every_health_check_goes_red_green_and_red_again(
    machine: Machine, eventually: Patience
) -> None:
    valkey = [str(word) for word in read_compose()["services"]["valkey"]["command"]]
    await asyncio.to_thread(machine.start_postgres)
    machine.start_valkey(valkey)
    for name in ONE_SHOT:
        done = await asyncio.to_thread(machine.run_once, ours()[name])
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
    watch = Watch(machine, long_lived(), eventually)
    await watch.all_turn(False, within_s=5)
    async with supervised(machine):
        await watch.all_turn(True, within_s=60)
        assert await watch.scraped_from_elsewhere() == dict.fromkeys(long_lived(), True)
        machine.kill_valkey()
        await watch.all_turn(False, within_s=30)
        machine.start_valkey(valkey)
        await watch.all_turn(True, within_s=60)
        machine.kill_postgres()
        await watch.all_turn(False, within_s=30)
