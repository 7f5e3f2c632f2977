"""Asks a process of this host whether it is ready; what a container's health check runs."""

import httpx

from core.settings import Settings, load, process_environment

SETTING = {
    "api": "STEPPE_API__PORT",
    "gateway": "STEPPE_GATEWAY__PORT",
    "tracker": "STEPPE_TRACKER__HEALTH_PORT",
    "archiver": "STEPPE_ARCHIVER__HEALTH_PORT",
    "scheduler": "STEPPE_SCHEDULER__PORT",
    "worker": "STEPPE_WORKER__HEALTH_PORT",
}
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - what to ask instead


def address_of(process: str, settings: Settings) -> tuple[str, int]:
    """Return the host and port under which a process of this configuration answers ``/health/ready``."""
    host, port = {
        "api": (settings.api.host, settings.api.port),
        "gateway": (settings.gateway.host, settings.gateway.port),
        "tracker": (settings.tracker.health_host, settings.tracker.health_port),
        "archiver": (settings.archiver.health_host, settings.archiver.health_port),
        "scheduler": (settings.scheduler.host, settings.scheduler.port),
        "worker": (settings.worker.health_host, settings.worker.health_port),
    }[process]
    return EVERY_ADDRESS.get(host, host), port


async def probe(process: str, settings: Settings | None = None) -> tuple[bool, str]:
    """Return whether a process is ready, and its answer or why there was none."""
    settings = settings or load(process_environment())
    host, port = address_of(process, settings)
    if port == 0:
        return False, f"{process}: its port is 0, any free one: set a port to ask it ({SETTING[process]})"
    url = f"http://{host}:{port}/health/ready"
    try:
        async with httpx.AsyncClient(timeout=4.0, trust_env=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return False, f"{process}: no answer at {url} ({type(error).__name__})"
    return answer.is_success, answer.text
