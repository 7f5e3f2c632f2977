"""Asks a process of this host whether it is ready; what a container's health check runs."""

import httpx

from core.settings import Settings, load, process_environment


def port_of(process: str, settings: Settings) -> int:
    """Return the port under which a process of this configuration answers ``/health/ready``."""
    return {
        "api": settings.api.port,
        "gateway": settings.gateway.port,
        "tracker": settings.tracker.health_port,
        "archiver": settings.archiver.health_port,
        "scheduler": settings.scheduler.port,
        "worker": settings.worker.health_port,
    }[process]


async def probe(process: str, settings: Settings | None = None) -> tuple[bool, str]:
    """Return whether a process is ready, and its answer or why there was none."""
    settings = settings or load(process_environment())
    url = f"http://127.0.0.1:{port_of(process, settings)}/health/ready"
    try:
        async with httpx.AsyncClient(timeout=4.0, trust_env=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return False, f"{process}: no answer at {url} ({type(error).__name__})"
    return answer.is_success, answer.text
