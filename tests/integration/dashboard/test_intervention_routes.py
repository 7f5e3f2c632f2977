"""The intervention queue over HTTP."""

from collections.abc import Callable
from typing import Any

from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind
from fleet.takeovers.follow_alarm import TakeoverFollower
from tests.integration.dashboard.conftest import Somebody
from tests.integration.fleet.builders import AT

PATH = "/api/interventions"


async def test_the_next_one_is_claimed_begun_and_resolved_and_its_wait_is_counted(
    somebody: Somebody, add_vehicles: Callable[..., Any], sqlite_database: Database, clock: Any
) -> None:
    await add_vehicles(1)
    await AlarmSink(sqlite_database).put(
        [AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.STUCK, at=AT, lat=39.6, lng=109.8)]
    )
    await AlarmFollowUp(sqlite_database, clock, [TakeoverFollower(clock)]).work_once()
    me = Role.REMOTE_OPERATOR
    [waiting] = (await somebody.get(PATH, me)).json()["items"]
    assert (waiting["cause"], waiting["maker"], waiting["mayClaim"]) == ("stuck", "maker-a", True)
    path = f"{PATH}/{waiting['takeoverId']}"
    early = await somebody.post(f"{path}/claim", None, me)
    assert (early.status_code, early.json()["code"]) == (409, "not-signed-in-for-duty")
    assert (await somebody.post("/api/remote-operators/sign-in", None, me)).status_code == 200
    claimed = await somebody.post(f"{path}/claim", None, me)
    assert (claimed.status_code, claimed.json()["state"], claimed.json()["isMine"]) == (200, "claimed", True)
    clock.advance(12)
    assert (await somebody.post(f"{path}/begin", {"mode": "assist"}, me)).json()["mode"] == "assist"
    done = await somebody.post(f"{path}/resolve", {"words": "绕过施工区"}, me)
    assert (done.status_code, done.json()["outcome"]) == (200, "绕过施工区")
    queue = (await somebody.get(PATH)).json()
    assert queue["items"] == []
    assert (queue["waits"]["begun"], queue["waits"]["medianS"]) == (1, 12)
    assert (await somebody.post(f"{path}/claim", None)).status_code == 403
