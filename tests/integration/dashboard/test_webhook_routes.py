"""Webhooks over HTTP: subscribed by administrators, the secret shown once, switched, looked at."""

import pytest
from sqlalchemy import text

from core.auth.roles import Role
from core.database import Database
from fleet.webhooks.store import WebhookStore
from tests.integration.dashboard.conftest import Somebody

WISH = {"url": "https://city.example.org/hook", "kinds": ["alarm.raised", "fence.enter"]}


async def test_the_secret_is_shown_once_and_the_reach_is_the_creators(somebody: Somebody) -> None:
    made = await somebody.post("/api/webhooks", WISH, Role.ADMIN)
    assert made.status_code == 201
    webhook = made.json()
    assert webhook["secret"].startswith("whsec_")
    assert (webhook["districts"], webhook["operators"]) == (["KB"], ["op-a"])
    [listed] = (await somebody.get("/api/webhooks", Role.ADMIN)).json()["items"]
    assert (listed["webhookId"], listed["secret"]) == (webhook["webhookId"], None)
    assert (await somebody.get("/api/webhooks", "foreign admin")).json()["items"] == []


async def test_a_secret_is_not_readable_in_the_database(
    somebody: Somebody, sqlite_database: Database
) -> None:
    secret = (await somebody.post("/api/webhooks", WISH, Role.ADMIN)).json()["secret"]
    async with sqlite_database.read() as tx:
        [stored] = (await tx.execute(text("SELECT secret FROM webhook_secrets"))).scalars()
    assert secret.encode() not in stored


async def test_a_subscription_is_switched_off_and_only_by_whose_it_is(somebody: Somebody) -> None:
    webhook = (await somebody.post("/api/webhooks", WISH, Role.ADMIN)).json()["webhookId"]
    path = f"/api/webhooks/{webhook}"
    off = {"isActive": False}
    assert (await somebody.post(f"{path}/switch", off, "foreign admin")).status_code == 404
    assert (await somebody.post(f"{path}/switch", off, Role.DISPATCHER)).status_code == 403
    assert (await somebody.post(f"{path}/switch", off, Role.ADMIN)).json()["isActive"] is False
    assert (await somebody.get(f"{path}/deliveries", Role.ADMIN)).json() == {"items": []}
    span = {"fromAt": "2026-07-01T00:00:00Z", "toAt": "2026-07-02T00:00:00Z"}
    assert (await somebody.post(f"{path}/replays", span, Role.ADMIN)).json() == {"deliveries": 0}


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({**WISH, "url": "http://city.example.org/hook"}, "url"),
        ({**WISH, "kinds": ["orders.placed"]}, "kinds"),
        ({**WISH, "districts": ["ZG"]}, "districts"),
    ],
    ids=["plain http", "a kind that there is not", "another 旗区"],
)
async def test_a_wish_that_is_not_granted_is_refused_by_its_field(
    somebody: Somebody, wish: dict[str, object], field: str
) -> None:
    refused = await somebody.post("/api/webhooks", wish, Role.ADMIN)
    assert (refused.status_code, refused.json()["fields"]["field"]) == (400, field)


async def test_a_renewed_secret_is_shown_once_and_replaces_the_old_one(
    somebody: Somebody, sqlite_database: Database
) -> None:
    made = (await somebody.post("/api/webhooks", WISH, Role.ADMIN)).json()
    path = f"/api/webhooks/{made['webhookId']}/secret"
    assert (await somebody.post(path, {}, "foreign admin")).status_code == 404
    assert (await somebody.post(path, {}, Role.DISPATCHER)).status_code == 403
    renewed = (await somebody.post(path, {}, Role.ADMIN)).json()["secret"]
    assert renewed.startswith("whsec_")
    assert renewed != made["secret"]
    async with sqlite_database.read() as tx:
        assert await WebhookStore(tx).secret_of(made["webhookId"]) == renewed
    [listed] = (await somebody.get("/api/webhooks", Role.ADMIN)).json()["items"]
    assert listed["secret"] is None


async def test_a_removed_subscription_leaves_nothing_but_its_audit(
    somebody: Somebody, sqlite_database: Database
) -> None:
    webhook = (await somebody.post("/api/webhooks", WISH, Role.ADMIN)).json()["webhookId"]
    path = f"/api/webhooks/{webhook}"
    assert (await somebody.delete(path, "foreign admin")).status_code == 404
    assert (await somebody.delete(path, Role.DISPATCHER)).status_code == 403
    assert (await somebody.delete(path, Role.ADMIN)).status_code == 204
    assert (await somebody.delete(path, Role.ADMIN)).status_code == 404
    async with sqlite_database.read() as tx:
        for table in ("webhooks", "webhook_secrets", "webhook_deliveries"):
            assert (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
        query = text("SELECT action FROM audit_entries WHERE object = :about ORDER BY at, id")
        said = list((await tx.execute(query, {"about": f"webhook:{webhook}"})).scalars())
    assert said == ["webhook.subscribed", "webhook.removed"]
