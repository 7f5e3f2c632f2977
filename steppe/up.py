"""``steppe up``: every process of a city under one supervisor, for a real installation on one machine."""

import click

from core import logs
from core.settings import load, process_environment
from steppe.data_folder import held
from steppe.plant import Plant, run_plant


async def run_up() -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    settings = load(process_environment())
    logs.configure("up", settings.log_level)
    plant = Plant(settings, {}, click.echo)
    with held(settings.data_dir):
        click.echo(
            f"api {settings.api.public_url} · gateway port {settings.gateway.port} · logs {plant.log_dir}"
        )
        await run_plant(plant)
    return 0
