"""``steppe demo``: the whole city on this machine, with simulated vehicles and people, for looking at."""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import time
from pathlib import Path

import click
import httpx
import pyotp
from msgspec import Struct

from core import logs
from core.clock import Clock
from core.settings import SECRETS, load, process_environment
from core.supervision import stop_on_signals
from steppe.city.issued import Issued, read_issued
from steppe.data_folder import held
from steppe.demo_time import DemoTime
from steppe.plant import PROCESSES, Plant
from steppe.supervisor import ChildSpec

READY_WITHIN_S = 60.0
ROLES_SHOWN = ("duty_officer", "dispatcher", "shift_lead", "crew", "supervisor", "admin")
"""Whose first account the terminal shows; the rest is in the file that it names."""


class DemoOptions(Struct, frozen=True, kw_only=True):
    """What the command line said."""

    rate: float
    vehicles: int
    data_dir: Path
    port: int
    seed: int
    with_residents: bool
    starts_at: time
    """City time at which a fresh folder begins."""


async def run_demo(options: DemoOptions) -> int:
    """Run until SIGINT or SIGTERM; return the exit code. What it keeps is below `data_dir`.

    Raises Conflict when another process runs in that folder, Unavailable when nothing can be written there.
    """
    began_s = Clock.real().monotonic_s()
    taken = [port for port in _ports(options.port).values() if _is_taken(port)]
    if taken:
        click.echo(
            f"steppe: port {taken[0]} is taken, by another program or a demo that runs already:"
            f" stop that one, or take other ports with `make demo PORT={options.port + 100}`"
            " (steppe demo --port)",
            err=True,
        )
        return 1
    logs.configure("demo", "warning")
    with held(options.data_dir):
        async with stop_on_signals() as stop:
            code = await _run_city(options, stop, began_s)
    if code == 0:
        click.echo("stopped; `make demo` goes on from here")
    return code


async def _run_city(options: DemoOptions, stop: asyncio.Event, began_s: float) -> int:
    city = DemoTime(options.data_dir / "city-time.json", options.rate, "Asia/Shanghai", options.starts_at)
    variables = {**_variables(options), **_secrets(options.data_dir), **city.variables()}
    settings = load({**process_environment(), **variables})
    plant = Plant(settings, variables, click.echo)
    noting = asyncio.create_task(city.run(stop))
    try:
        await plant.open()
        code = await plant.command("city", "load", settings.city.pack, stop=stop)
        if stop.is_set():
            return 0
        if code != 0:
            return code
        issued = read_issued(options.data_dir)
        assert issued is not None, "the load has just written it"
        click.echo("starting the processes")
        city.begin()
        plant.environment |= city.variables()
        running = asyncio.create_task(plant.run(stop, [*PROCESSES, _simulator(options)]))
        if await _is_ready(settings.api.public_url, stop):
            click.echo(_welcome(options, issued, plant.log_dir, Clock.real().monotonic_s() - began_s))
        await running
        return 0
    finally:
        stop.set()
        await noting
        await plant.close()


def _ports(first: int) -> Mapping[str, int]:
    return {
        "STEPPE_API__PORT": first,
        "STEPPE_GATEWAY__PORT": first + 10,
        "STEPPE_SCHEDULER__PORT": first + 20,
        "STEPPE_TRACKER__HEALTH_PORT": first + 21,
        "STEPPE_ARCHIVER__HEALTH_PORT": first + 22,
        "STEPPE_WORKER__HEALTH_PORT": first + 23,
        "keypad": first + 30,
    }


def _variables(options: DemoOptions) -> dict[str, str]:
    ports = {name: str(port) for name, port in _ports(options.port).items() if name.startswith("STEPPE_")}
    return {
        "STEPPE_ENVIRONMENT": "demo",
        "STEPPE_DATA_DIR": str(options.data_dir.absolute()),
        "STEPPE_API__PUBLIC_URL": f"http://127.0.0.1:{options.port}",
        "STEPPE_SECURITY__ALLOWED_ORIGINS": f"http://localhost:{options.port}",
        "STEPPE_SECURITY__SECURE_COOKIES": "false",
        # Two cores run the whole city and its vehicles: patience before a 503.
        "STEPPE_DATABASE__BUSY_TIMEOUT_S": "15",
        # A busy laptop's archiver may lag: evidence is soon sealed from the stream instead, and says so.
        "STEPPE_JUDGING__DURABLE_WAIT_S": "20",
        "STEPPE_API__ROUTING_URL": f"http://127.0.0.1:{options.port + 20}",
        **ports,
    }


def _secrets(data_dir: Path) -> dict[str, str]:
    """Return secrets of this demo's own, made at its first start."""
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


def _simulator(options: DemoOptions) -> ChildSpec:
    words = [
        "simulate",
        f"--vehicles={options.vehicles}",
        f"--speed={options.rate:g}",
        f"--seed={options.seed}",
        f"--issued={options.data_dir / 'issued.json'}",
        f"--gateway=http://127.0.0.1:{options.port + 10}",
        f"--api=http://127.0.0.1:{options.port}",
        f"--keypad-port={options.port + 30}",
        "--residents" if options.with_residents else "--no-residents",
    ]
    return ChildSpec(name="simulator", words=words)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _is_ready(url: str, stop: asyncio.Event) -> bool:
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


def _welcome(options: DemoOptions, issued: Issued, log_dir: Path, seconds: float) -> str:
    base = f"http://127.0.0.1:{options.port}"
    rows = []
    for role in ROLES_SHOWN:
        for log_in in [log_in for log_in in issued.staff if log_in.role == role][:1]:
            seed = log_in.totp_secret
            now = pyotp.TOTP(seed).now()
            rows.append(f"  {log_in.username:<11} {log_in.password:<20} {seed} (now {now})  {log_in.role}")
    return "\n".join(
        [
            "",
            f"Steppe is up after {seconds:.0f} s; city time at {options.rate:g}×; 演示数据 synthetic",
            "",
            f"  city live map   {base}/city",
            f"  park console    {base}/console",
            f"  planning        {base}/planning   schedules: what clashes, what became of it; sweeping",
            f"  patrol          {base}/patrol     beats on the map, runs with their evidence, go and look",
            f"  records         {base}/records    replay, violations, incidents, quality, fences",
            f"  resident phone  {base}/phone      any mobile number, e.g. 138 0013 8000;"
            f" the code is at {base}/api/demo/phone?number=13800138000",
            f"  merchant desk   {base}/merchant   choose a shop of the demo",
            f"  crew's phone    {base}/crew       as crew",
            f"  vehicle keypad  http://127.0.0.1:{options.port + 30}/keypad",
            "",
            "log-ins (password, TOTP seed for an authenticator app):",
            *rows,
            f"  the codes of the moment: {base}/api/demo/log-ins",
            "",
            f"logs: {log_dir}",
            f"every account, key and token: {options.data_dir.absolute() / 'issued.json'}",
            "Ctrl-C stops",
        ]
    )
