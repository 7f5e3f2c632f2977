"""An incident that is reported a day late, through the real processes: what the hold keeps is sealed whole.

Two vehicles drive past a real gateway and are stored by a real archiver. A day later the city's memory of the
moment is gone, somebody reports what the first one did, and the history is thinned as its class says. The
first one's window is still there at full rate, and its bundle proves itself with the city's public key alone;
of the second one, of which nobody said anything in time, only what thinning leaves can be sealed.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from core.auth.configured import machine_tokens, secret_keys
from core.auth.lives import sign_in_rules
from core.auth.machine_tokens import Machine
from core.auth.roles import Role
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, new_id
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from fleet.evidence.bundle import read_parts
from steppe.loading import load_city
from steppe.schema import upgrade
from tests.integration.access.people import Tenant, credentials_of
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame
from tests.integration.steppe.served import TINY, environment_of, free_port
from tests.integration.steppe.stores import OwnValkey

ROOT = Path(__file__).parents[3]
DROVE = datetime(2026, 7, 1, 2, 22, tzinfo=UTC)
DRIVE_S = 780
HAPPENED = DROVE + timedelta(minutes=6)
SENT = DROVE + timedelta(seconds=DRIVE_S + 5)
REPORTED = SENT + timedelta(days=1)
WINDOW = range(-90, 31)
"""Seconds around an incident that are sealed."""
REPORTED_VEHICLE, OTHER_VEHICLE = 1, 2
PER_FRAME = 60


def eventually(claim: Callable[[], Any], what: str, within_s: float = 90.0) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := claim():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {within_s} s: {what}")


class City:
    """A loaded city whose processes run at a moment of its own time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.gateway_port = free_port(), free_port()
        self.environment = self._environment("unix:///nowhere", SENT)
        self.settings: Settings = load(self.environment)
        self.settings.data_dir.mkdir()
        upgrade(self.settings.database_url)
        asyncio.run(load_city(str(TINY), say=lambda _: None, settings=self.settings))
        install_keys(secret_keys(self.settings.security))

    def _environment(self, redis_url: str, now: datetime) -> dict[str, str]:
        return {
            **environment_of(self.folder / "var", redis_url, self.port, None),
            "STEPPE_TIME__ORIGIN_CITY": now.isoformat(),
            "STEPPE_GATEWAY__PORT": str(self.gateway_port),
            "STEPPE_TRACKER__HEALTH_PORT": "0",
            "STEPPE_ARCHIVER__HEALTH_PORT": "0",
            "STEPPE_ARCHIVER__FLUSH_S": "1",
            "STEPPE_HISTORY__RAW_MINUTES": "1",
            "STEPPE_HISTORY__FULL_RATE_BYTES": "1",
            "STEPPE_HISTORY__FULL_RATE_LEAST_HOURS": "12",
            "STEPPE_JUDGING__RECORDING_WAIT_MINUTES": "0.01",
        }

    @contextmanager
    def at(self, now: datetime, *roles: str) -> Iterator[Callable[[str], None]]:
        """Run processes over a Valkey that knows nothing yet; give a way to start more."""
        with ExitStack() as running, TemporaryDirectory(prefix="steppe-") as short:
            valkey = OwnValkey(Path(short)).start()
            running.callback(valkey.kill)
            self.environment = self._environment(valkey.url, now)

            def start(role: str) -> None:
                running.enter_context(self._process(role))

            for role in roles:
                start(role)
            yield start

    @contextmanager
    def _process(self, role: str) -> Iterator[None]:
        words = [sys.executable, "-m", "steppe", "--supervised-by", str(os.getpid()), role]
        with (self.folder / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                words, cwd=ROOT, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
            try:
                yield
            finally:
                process.terminate()
                process.wait(30)

    def steppe(self, *words: str) -> str:
        """Return what a command of this city prints."""
        done = subprocess.run(
            [sys.executable, "-m", "steppe", *words], cwd=ROOT, env={**os.environ, **self.environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def headers(self) -> Mapping[str, str]:
        """Return what proves a shift lead of the vehicles' operator."""
        tenant = Tenant(
            name="home", operator=OperatorId("op-aa"), district=DistrictCode("AA"),
            merchant=MerchantId("none"), phone="+8613800000001",
        )  # fmt: skip
        security = self.settings.security
        database = await Database.open(self.settings.database_url)
        try:
            found = await credentials_of(
                database, sign_in_rules(self.settings), secret_keys(security), machine_tokens(security),
                tenant, order=OrderId("nobody's"), wall=Clock.real().wall() - timedelta(seconds=1),
            )  # fmt: skip
        finally:
            await database.close()
        return found[Role.SHIFT_LEAD]

    async def drive(self, *vehicles: int) -> None:
        """Send what the vehicles measured each second of the drive; return when it is on disk."""
        maker = Machine(key_id="k", kind="maker", subject="maker-aa", name="Alpha")
        token = machine_tokens(self.settings.security).issue(maker, at=Clock.real().wall())
        began_ms = ms_of_moment(DROVE)
        lat, lng = 39.6, 109.8
        async with Vehicle(f"ws://127.0.0.1:{self.gateway_port}/v1/link", token) as link:
            await link.hello()
            for number, second in enumerate(range(0, DRIVE_S, PER_FRAME), 1):
                records = [
                    position(
                        vehicle, second + n + 1, lat + (second + n) * 2.7e-5, lng,
                        after_ms=n * 1000, speed_mps=3.0,
                    )
                    for vehicle in vehicles
                    for n in range(PER_FRAME)
                ]  # fmt: skip
                await link.send(positions_frame(number, began_ms + second * 1000, *records))
                await asyncio.sleep(0.1)
            async with asyncio.timeout(60):
                while not any(m["type"] == "durable" and m["frameSeq"] >= number for m in link.heard):
                    assert link.close_code is None, link.heard
                    await asyncio.sleep(0.1)


class Lead:
    """A shift lead at the api."""

    def __init__(self, city: City) -> None:
        url = f"http://127.0.0.1:{city.port}"
        headers = dict(asyncio.run(city.headers()))
        self.http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60)

    def is_there(self) -> bool:
        try:
            return self.http.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def asked(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def told(self, path: str, **body: Any) -> Any:
        answer = self.http.post(path, json=body, headers={"Idempotency-Key": new_id()})
        assert answer.is_success, answer.text
        return answer.json()

    def stored(self, vehicle: int) -> list[int]:
        """Return the moments of the window that the history has, in seconds from the incident."""
        begin, end = (HAPPENED + timedelta(seconds=s) for s in (WINDOW[0], WINDOW[-1]))
        query = {"fromMs": ms_of_moment(begin), "toMs": ms_of_moment(end)}
        found = self.asked(f"/api/history/vehicles/{vehicle}", **query)
        return [(ms - ms_of_moment(HAPPENED)) // 1000 for ms in found["positions"]["measuredAtMs"]]

    def report(self, vehicle: int) -> str:
        told = self.told(
            "/api/incidents", vehicleNo=vehicle, incidentType="near_miss", happenedAt=HAPPENED.isoformat(),
            description="a resident came to the desk a day later",
        )  # fmt: skip
        return str(told["incidentId"])

    def sealed(self, incident: str, edition: int) -> bytes:
        def bundle() -> bytes | None:
            answer = self.http.get(f"/api/incidents/{incident}/evidence/{edition}")
            return answer.content if answer.is_success else None

        found: bytes = eventually(bundle, f"edition {edition} of {incident} is sealed")
        return found


def seconds_in(bundle: bytes) -> list[int]:
    """Return the moments of a bundle's positions, in seconds from the incident."""
    lines = read_parts(bundle)["positions.jsonl"].decode().splitlines()
    return [(json.loads(line)["measured_ms"] - ms_of_moment(HAPPENED)) // 1000 for line in lines]


def verified(bundle: bytes, key: str, folder: Path) -> tuple[int, Any]:
    """Return the exit code and report of ``steppe evidence verify`` where there is nothing but the file."""
    path = folder / "bundle.tar"
    path.write_bytes(bundle)
    words = [sys.executable, "-m", "steppe", "evidence", "verify", str(path), "--key", key, "--json"]
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=folder, env=bare, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def city() -> Iterator[City]:
    with TemporaryDirectory(prefix="steppe-late-") as folder:
        yield City(Path(folder))


@pytest.mark.thorough  # a minute of processes that start; tests/integration/fleet/evidence has the parts
def test_what_is_held_is_sealed_at_full_rate_a_day_later_and_proves_itself(
    city: City, tmp_path: Path
) -> None:
    with city.at(SENT, "gateway", "tracker", "archiver"):
        eventually(lambda: _answers(city.gateway_port), "the gateway answers")
        asyncio.run(city.drive(REPORTED_VEHICLE, OTHER_VEHICLE))
    lead = Lead(city)
    with lead.http, city.at(REPORTED, "api") as start:
        eventually(lead.is_there, "the api is ready")
        for vehicle in (REPORTED_VEHICLE, OTHER_VEHICLE):
            assert lead.stored(vehicle) == list(WINDOW)
        incident = lead.report(REPORTED_VEHICLE)
        start("archiver")
        first = lead.sealed(incident, 1)
        eventually(lambda: len(lead.stored(OTHER_VEHICLE)) < len(WINDOW), "retention has been at work")
        thinned = lead.stored(OTHER_VEHICLE)
        assert len(thinned) < len(WINDOW) / 4
        assert lead.stored(REPORTED_VEHICLE) == list(WINDOW)
        lead.told(f"/api/incidents/{incident}/evidence", reason="once more, after the history was thinned")
        second = lead.sealed(incident, 2)
        other = lead.sealed(lead.report(OTHER_VEHICLE), 1)
    assert seconds_in(first) == seconds_in(second) == list(WINDOW)
    assert seconds_in(other) == thinned
    assert json.loads(city.steppe("history", "check", "--json"))["complaints"] == []
    key = city.steppe("evidence", "key").strip()
    for bundle in (first, second):
        code, report = verified(bundle, key, tmp_path)
        assert (code, report["holds"]) == (0, True)
    changed = bytearray(second)
    changed[second.index(b'"measured_ms"') + 20] ^= 1
    code, report = verified(bytes(changed), key, tmp_path)
    assert (code, report["holds"]) == (1, False)
    assert {finding["part"] for finding in report["findings"]} >= {"positions.jsonl"}


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False
