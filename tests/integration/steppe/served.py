"""The tiny city behind a real api process: loaded, with an order, an alarm, a command, and people."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server
from typing import IO

import httpx
from msgspec import Struct
from sqlalchemy import select

from core.auth.configured import machine_tokens, secret_keys
from core.auth.lives import sign_in_rules
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, VehicleNo
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.tables import alarms
from steppe.loading import load_city
from steppe.schema import upgrade
from tests.integration.access.people import Tenant, credentials_of
from tests.integration.steppe.stores import OwnValkey

TINY = Path(__file__).parents[2] / "fixtures" / "cities" / "tiny"
NOBODY = MerchantId("none")
CITY_MORNING = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai: merchants are open whenever the tests run."""


class ServedCity(Struct, frozen=True, kw_only=True):
    """Where the api answers, headers of somebody of every role, and ids of what is there."""

    url: str
    headers: Mapping[Role, Mapping[str, str]]
    leavers: Mapping[Role, Mapping[str, str]]
    """Others, for routes that end a session."""
    known: Mapping[str, str]
    """Values of path parameters by their name: things of the tenant that every role belongs to."""
    basket: Mapping[str, object]
    """A body that places an order."""
    log: Path

    def client(self, role: Role | None = None) -> httpx.Client:
        """Return a client of somebody; close it."""
        headers = {} if role is None else dict(self.headers[role])
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def traces(self) -> list[str]:
        """Return the errors that the process logged: none is a fault of a client."""
        return [line for line in self.log.read_text().splitlines() if "unhandled_error" in line]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def environment_of(folder: Path, redis_url: str, port: int, database_url: str | None) -> dict[str, str]:
    """Return the settings of a test city in a folder; without a database address it is SQLite there."""
    database = {} if database_url is None else {"STEPPE_DATABASE__URL": database_url}
    return {
        **database,
        "STEPPE_ENVIRONMENT": "test",
        "STEPPE_DATA_DIR": str(folder),
        "STEPPE_CITY__PACK": str(TINY),
        "STEPPE_REDIS__URL": redis_url,
        "STEPPE_API__PORT": str(port),
        "STEPPE_API__ROUTING_URL": "http://127.0.0.1:9",
        "STEPPE_SECURITY__SECURE_COOKIES": "false",
        "STEPPE_TIME__ORIGIN_WALL": Clock.real().wall().isoformat(),
        "STEPPE_TIME__ORIGIN_CITY": CITY_MORNING.isoformat(),
    }


@contextmanager
def serve(database_url: str | None = None) -> Iterator[ServedCity]:
    """Give a served city and take it away."""
    folder = Path(tempfile.mkdtemp(prefix="steppe-"))
    valkey = OwnValkey(folder).start()
    port = free_port()
    environment = environment_of(folder / "var", valkey.url, port, database_url)
    settings = load(environment)
    settings.data_dir.mkdir()
    upgrade(settings.database_url)
    asyncio.run(load_city(str(TINY), say=lambda _: None, settings=settings))
    log = folder / "api.log"
    with log.open("wb") as written:
        api = _start_api(environment, written)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, api, log)
            yield _furnished(url, settings, log)
        finally:
            api.terminate()
            api.wait(20)
            valkey.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _start_api(environment: Mapping[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "steppe", "api"], env={**os.environ, **environment}, stdout=log, stderr=log
    )


def _wait_until_ready(url: str, api: "subprocess.Popen[bytes]", log: Path, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and api.poll() is None:
        try:
            if httpx.get(f"{url}/health/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the api did not become ready: {log.read_text()[-2000:]}")


def _furnished(url: str, settings: Settings, log: Path) -> ServedCity:
    install_keys(secret_keys(settings.security))
    headers = asyncio.run(_people(settings, OrderId("nobody's")))
    with httpx.Client(base_url=url, headers=headers[Role.RESIDENT], trust_env=False, timeout=30) as resident:
        merchants = {each["merchantId"]: each for each in resident.get("/api/resident/merchants").json()}
        merchant = min(merchants)
        goods = resident.get(f"/api/resident/merchants/{merchant}/goods").json()
        point = resident.get("/api/resident/pickup-points").json()[0]["pickupPointId"]
        basket = {
            "merchantId": merchant,
            "pickupPointId": point,
            "lines": [{"goodsId": goods[0]["goodsId"], "quantity": 1}],
        }
        placed = resident.post(
            "/api/resident/orders", json=basket, headers={"Idempotency-Key": "the-first-order"}
        )
        assert placed.status_code == 201, placed.text
    order = OrderId(placed.json()["orderId"])
    headers = asyncio.run(_people(settings, order, MerchantId(merchant)))
    leavers = asyncio.run(_people(settings, order, MerchantId(merchant), name="leaver"))
    alarm = asyncio.run(_alarm(settings))
    with httpx.Client(base_url=url, headers=headers[Role.SHIFT_LEAD], trust_env=False, timeout=30) as lead:
        command = lead.post(
            "/api/vehicles/1/commands",
            json={"kind": "emergency_stop", "reason": "a test"},
            headers={"Idempotency-Key": "the-first-command"},
        )
        assert command.status_code == 202, command.text
        work_order = lead.post(
            "/api/work-orders",
            json={"vehicleNo": 1, "kind": "clean", "cause": "a test"},
            headers={"Idempotency-Key": "the-first-work-order"},
        )
        assert work_order.status_code == 201, work_order.text
        code = lead.get("/api/vehicles/1").json()["code"]
    known = {
        "order_id": order,
        "area_stop_id": "none",
        "shift_id": "none",
        "district": "AA",
        "merchant_id": merchant,
        "goods_id": goods[0]["goodsId"],
        "vehicle_no": "1",
        "alarm_id": alarm,
        "command_id": command.json()["commandId"],
        "webhook_id": "none",
        "lot_id": "none",
        "call_id": "none",
        "sale_id": "none",
        "fence_id": "none",
        "version": "1",
        "statement_id": "none",
        "claim_id": "none",
        "clearing_id": "none",
        "day": "2026-07-01",
        "violation_id": "none",
        "incident_id": "none",
        "takeover_id": "none",
        "feedback_id": "none",
        "zone_id": "none",
        "preview_id": "none-such",
        "run_id": "none",
        "schedule_id": "none",
        "decision_id": "none",
        "occurrence_id": "none",
        "beat_id": "none",
        "patrol_run_id": "none",
        "work_order_id": work_order.json()["workOrderId"],
        "place_id": "none",
        "service": "delivery",
        "edition": "1",
        "town": "AA",
        "code": code,
    }
    return ServedCity(url=url, headers=headers, leavers=leavers, known=known, basket=basket, log=log)


async def _people(
    settings: Settings, order: OrderId, merchant: MerchantId = NOBODY, name: str = "home"
) -> Mapping[Role, Mapping[str, str]]:
    tenant = Tenant(
        name=name,
        operator=OperatorId("op-aa"),
        district=DistrictCode("AA"),
        merchant=merchant,
        phone="+8613800000001" if name == "home" else "+8613800000002",
    )
    database = await Database.open(settings.database_url)
    try:
        return await credentials_of(
            database,
            sign_in_rules(settings),
            secret_keys(settings.security),
            machine_tokens(settings.security),
            tenant,
            order=order,
            wall=Clock.real().wall() - timedelta(seconds=1),
        )
    finally:
        await database.close()


async def _alarm(settings: Settings) -> str:
    database = await Database.open(settings.database_url)
    try:
        raised = AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.OVERSPEED, at=CITY_MORNING)
        await AlarmSink(database).put([raised])
        async with database.read() as tx:
            return str((await tx.execute(select(alarms.c.alarm_id))).scalar_one())
    finally:
        await database.close()
