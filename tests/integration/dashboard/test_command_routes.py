"""Commands over HTTP: idempotent, with a reason, only to one's own vehicles."""

from collections.abc import Callable
from typing import Any

import pytest

from core.auth.roles import Role
from fleet.links.wire.messages import Command as WireCommand
from fleet.vehicles.kinds import Connection
from tests.integration.dashboard.conftest import Said, Somebody

type Add = Callable[..., Any]
STOP = {"kind": "safe_stop", "reason": "道路施工"}
AT_ONE = "/api/vehicles/1/commands"


async def test_a_command_is_recorded_followed_and_listed(
    somebody: Somebody, add_vehicles: Add, said: Said
) -> None:
    await add_vehicles(1)
    given = await somebody.post(AT_ONE, STOP, key="k-1")
    assert given.status_code == 202
    shown = given.json()
    assert (shown["kind"], shown["state"], shown["reason"]) == ("safe_stop", "queued", "道路施工")
    assert shown["requesterName"] == "dispatcher"
    assert given.headers["location"] == f"/api/commands/{shown['commandId']}"
    assert (await somebody.get(given.headers["location"])).json() == shown
    listed = await somebody.get(AT_ONE)
    assert listed.json() == {"items": [shown], "nextCursor": None}
    assert (await somebody.get("/api/vehicles/1")).json()["isHeldByStop"] is True


async def test_the_same_request_gives_the_same_answer_and_another_body_is_refused(
    somebody: Somebody, add_vehicles: Add
) -> None:
    await add_vehicles(1)
    first = await somebody.post(AT_ONE, STOP, key="k-1")
    again = await somebody.post(AT_ONE, STOP, key="k-1")
    assert (again.status_code, again.json()) == (202, first.json())
    other = await somebody.post(AT_ONE, {**STOP, "reason": "别的原因"}, key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


async def test_an_emergency_stop_goes_to_the_gateways_at_once(
    somebody: Somebody, add_vehicles: Add, pushed: list[WireCommand]
) -> None:
    await add_vehicles(1)
    answer = await somebody.post(AT_ONE, {"kind": "emergency_stop", "reason": "有人跌倒"}, key="k-1")
    assert [command.command_id for command in pushed] == [answer.json()["commandId"]]
    assert pushed[0].stop_epoch == answer.json()["stopEpoch"] > 0


@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        (STOP, None, 400, "idempotency-key-missing"),
        ({"kind": "safe_stop"}, "k", 400, "reason-missing"),
        ({"kind": "fly", "reason": "x"}, "k", 400, "invalid-input"),
        ({**STOP, "colour": "red"}, "k", 400, "invalid-input"),
        ({**STOP, "params": {"withinS": "soon"}}, "k", 400, "invalid-input"),
        ({"kind": "speak", "params": {}}, "k", 400, "invalid-input"),
        ({"kind": "pause", "reason": "x" * 501}, "k", 400, "invalid-input"),
        ({"kind": "pause", "reason": "x"}, "k" * 129, 400, "invalid-input"),
        ({"kind": "release", "reason": "x"}, "k", 409, "command-not-possible"),
        ({"kind": "return_to_depot", "reason": "x"}, "k", 409, "command-not-possible"),
    ],
)
async def test_a_wrong_wish_is_refused_by_name(
    somebody: Somebody,
    add_vehicles: Add,
    said: Said,
    body: dict[str, Any],
    key: str | None,
    status: int,
    code: str,
) -> None:
    await add_vehicles(1)
    said.hear(1)
    answer = await somebody.post(AT_ONE, body, key=key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await somebody.get(AT_ONE)).json()["items"] == []


async def test_a_command_that_is_not_possible_says_every_reason(
    somebody: Somebody, add_vehicles: Add, said: Said
) -> None:
    await add_vehicles(1)
    said.hear(1, connection=Connection.OFFLINE)
    answer = await somebody.post(AT_ONE, {"kind": "pause", "reason": "让行"}, key="k-1")
    assert answer.json()["fields"]["reasons"] == ["link_down"]


@pytest.mark.parametrize(
    ("role", "kind", "status"),
    [
        (Role.CREW, "safe_stop", 202),
        (Role.DUTY_OFFICER, "emergency_stop", 202),
        (Role.CREW, "lights_horn", 403),
        (Role.DUTY_OFFICER, "release", 403),
        (Role.AGENCY, "safe_stop", 403),
        (Role.SUPERVISOR, "safe_stop", 403),
        (Role.RESIDENT, "safe_stop", 403),
        ("foreign dispatcher", "emergency_stop", 404),
        ("foreign dispatcher", "safe_stop", 404),
        (None, "safe_stop", 401),
    ],
)
async def test_who_may_only_stop_may_only_stop_and_nobody_commands_what_is_not_his(
    somebody: Somebody,
    add_vehicles: Add,
    said: Said,
    pushed: list[WireCommand],
    role: Role | str | None,
    kind: str,
    status: int,
) -> None:
    await add_vehicles(1)
    said.hear(1)
    answer = await somebody.post(AT_ONE, {"kind": kind, "reason": "危险"}, role, key="k-1")
    assert answer.status_code == status
    assert not pushed or status == 202


async def test_commands_of_another_operators_vehicle_are_not_found(
    somebody: Somebody, add_vehicles: Add
) -> None:
    await add_vehicles(1)
    given = await somebody.post(AT_ONE, STOP, key="k-1")
    for path in (AT_ONE, given.headers["location"], "/api/commands/nothing"):
        assert (await somebody.get(path, "foreign dispatcher")).status_code == 404


async def test_a_long_list_of_commands_is_paged_newest_first(
    somebody: Somebody, add_vehicles: Add, clock: Any
) -> None:
    await add_vehicles(1)
    ids = []
    for number in range(3):
        clock.advance(1)
        ids.append((await somebody.post(AT_ONE, STOP, key=f"k-{number}")).json()["commandId"])
    first = (await somebody.get(f"{AT_ONE}?limit=2")).json()
    rest = (await somebody.get(f"{AT_ONE}?limit=2&cursor={first['nextCursor']}")).json()
    assert [item["commandId"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["nextCursor"] is None
