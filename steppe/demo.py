"""``steppe demo``: the whole city on this machine, with simulated vehicles and people, for looking at."""

import asyncio
from datetime import time
from pathlib import Path

import click
import pyotp
from msgspec import Struct

from core import logs
from core.clock import Clock
from core.settings import load, process_environment
from core.supervision import stop_on_signals
from steppe.city.issued import Issued, MerchantToken, read_issued, tried_shop
from steppe.data_folder import held
from steppe.demo_time import DemoTime, today_at
from steppe.plant import PROCESSES, Plant
from steppe.simulated_city import is_ready, is_taken, own_secrets, ports, variables_of
from steppe.supervisor import ChildSpec

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
    taken = [port for port in ports(options.port).values() if is_taken(port)]
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
    city = DemoTime(
        options.data_dir / "city-time.json", options.rate, today_at(options.starts_at, "Asia/Shanghai")
    )
    variables = {
        **variables_of(options.data_dir, options.port),
        **own_secrets(options.data_dir),
        **city.variables(),
    }
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
        running = asyncio.create_task(plant.run(stop, [*PROCESSES, _simulator(options, tried_shop(issued))]))
        if await is_ready(settings.api.public_url, stop):
            click.echo(_welcome(options, issued, plant.log_dir, Clock.real().monotonic_s() - began_s))
        await running
        return 0
    finally:
        stop.set()
        await noting
        await plant.close()


def _simulator(options: DemoOptions, tried: MerchantToken | None) -> ChildSpec:
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
        *([] if tried is None else [f"--patient-shop={tried.merchant}"]),
    ]
    return ChildSpec(name="simulator", words=words)


def _welcome(options: DemoOptions, issued: Issued, log_dir: Path, seconds: float) -> str:
    base = f"http://127.0.0.1:{options.port}"
    tried = tried_shop(issued)
    shop = "choose a shop of the demo" + (f"; {tried.name} leaves you time to act" if tried else "")
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
            f"  records         {base}/records    replay, violations, incidents, quality",
            f"  fences          {base}/fences     drawn, previewed, published at a time, versions compared",
            f"  resident phone  {base}/phone      any mobile number, e.g. 138 0013 8000;"
            f" the code is at {base}/api/demo/phone?number=13800138000",
            f"  merchant desk   {base}/merchant   {shop}",
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
