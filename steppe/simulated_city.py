"""A city of simulated vehicles and people on this machine: what a demo and a rehearsal start it with."""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import click
import httpx

from core.clock import Clock
from core.settings import SECRETS

READY_WITHIN_S = 60.0


def ports(first: int) -> Mapping[str, int]:
    """Return the ports of a city whose pages are served at the first, by setting."""
    return {
        "STEPPE_API__PORT": first,
        "STEPPE_GATEWAY__PORT": first + 10,
        "STEPPE_SCHEDULER__PORT": first + 20,
        "STEPPE_TRACKER__HEALTH_PORT": first + 21,
        "STEPPE_ARCHIVER__HEALTH_PORT": first + 22,
        "STEPPE_WORKER__HEALTH_PORT": first + 23,
        "keypad": first + 30,
    }


def variables_of(data_dir: Path, port: int) -> dict[str, str]:
    """Return the settings of a city in a folder whose first port is ``port``."""
    own_ports = {name: str(own) for name, own in ports(port).items() if name.startswith("STEPPE_")}
    return {
        "STEPPE_ENVIRONMENT": "demo",
        "STEPPE_DATA_DIR": str(data_dir.absolute()),
        "STEPPE_API__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "STEPPE_SECURITY__ALLOWED_ORIGINS": f"http://localhost:{port}",
        "STEPPE_SECURITY__SECURE_COOKIES": "false",
        # Two cores run the whole city and its vehicles: patience before a 503.
        "STEPPE_DATABASE__BUSY_TIMEOUT_S": "15",
        # A busy laptop's archiver may lag: evidence is soon sealed from the stream instead, and says so.
        "STEPPE_JUDGING__DURABLE_WAIT_S": "20",
        "STEPPE_API__ROUTING_URL": f"http://127.0.0.1:{port + 20}",
        **own_ports,
    }


def own_secrets(data_dir: Path) -> dict[str, str]:
    """Return secrets of this city's own, made at its first start."""
    path = data_dir / "secrets.json"
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {}
    missing = [name for name in SECRETS if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(48) for name in missing}
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, indent=1)
    return {f"STEPPE_SECURITY__{name.upper()}": kept[name] for name in SECRETS}


def is_taken(port: int) -> bool:
    """Return whether another program listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def is_ready(url: str, stop: asyncio.Event) -> bool:
    """Wait for the api to answer; False when it took too long or somebody pressed Ctrl-C first."""
    clock = Clock.real()
    deadline_s = clock.monotonic_s() + READY_WITHIN_S
    async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
        while clock.monotonic_s() < deadline_s and not stop.is_set():
            try:
                if (await client.get(f"{url}/health/ready")).is_success:
                    return True
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    if not stop.is_set():
        click.echo("the api does not answer yet; its log says why", err=True)
    return False
