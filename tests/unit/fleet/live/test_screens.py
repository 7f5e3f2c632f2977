"""One screen's side of the feed: the newest position for a slow one, never a lost fact; who may see what."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from core.auth.principal import Reach
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.live.changes import Changes
from fleet.live.client import Delta, LiveClient
from fleet.live.mirror import Box, Mirror
from fleet.live.outlet import PlainOutlet
from fleet.live.reach import ReachMask, mask_of
from fleet.live.subscription import Subscription
from fleet.telemetry.records import LIVE, read_live_message
from fleet.telemetry.roster import Roster, RosterRow

type Eventually = Callable[..., Awaitable[Any]]


def a_row(number: int, district: str = "KB", operator: str = "o", maker: str = "m") -> RosterRow:
    return RosterRow(
        vehicle_no=VehicleNo(number),
        maker=MakerId(maker),
        operator=OperatorId(operator),
        district=DistrictCode(district),
        service=ServiceKind.DELIVERY,
    )


def records_of(*places: tuple[int, float, float]) -> Any:
    records = np.zeros(len(places), LIVE)
    for row, (number, lat, lng) in enumerate(places):
        records[row]["vehicle_no"] = number
        records[row]["lat_e7"], records[row]["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
    return records


def a_city() -> Roster:
    roster = Roster()
    roster.put([a_row(1), a_row(2, "DL"), a_row(3, "KB", "p"), a_row(4, "KB", "o", "n")])
    return roster


@pytest.mark.parametrize(
    ("reach", "seen"),
    [
        (Reach(), [1, 2, 3, 4]),
        (Reach(districts=frozenset({DistrictCode("KB")})), [1, 3, 4]),
        (Reach(districts=frozenset({DistrictCode("KB")}), operators=frozenset({OperatorId("o")})), [1, 4]),
        (Reach(makers=frozenset({MakerId("n")})), [4]),
        (Reach(vehicles=frozenset({VehicleNo(2), VehicleNo(99)})), [2]),
        (Reach(vehicles=frozenset()), []),
        (Reach(districts=frozenset()), []),
        (Reach(districts=frozenset({DistrictCode("ET")})), []),
    ],
    ids=[
        "everything",
        "district",
        "two axes",
        "maker",
        "vehicles",
        "no vehicle",
        "no district",
        "unheard of",
    ],
)
def test_a_reach_is_a_column_over_the_roster(reach: Reach, seen: list[int]) -> None:
    assert np.flatnonzero(mask_of(a_city(), reach)).tolist() == seen


def test_a_vehicle_out_of_the_fleet_is_seen_no_more_but_keeps_its_past() -> None:
    roster = a_city()
    roster.put([msgspec.structs.replace(a_row(3, "KB", "p"), is_heard=False)])
    mine = Reach(operators=frozenset({OperatorId("p")}))
    assert np.flatnonzero(mask_of(roster, mine)).tolist() == []
    assert np.flatnonzero(mask_of(roster, mine, with_past=True)).tolist() == [3]
    assert np.flatnonzero(mask_of(roster, Reach(), with_past=True)).tolist() == [1, 2, 3, 4]
    others = Reach(operators=frozenset({OperatorId("o")}))
    assert np.flatnonzero(mask_of(roster, others, with_past=True)).tolist() == [1, 2, 4]


def test_a_vehicle_that_changes_hands_changes_who_sees_it() -> None:
    roster = a_city()
    mask = ReachMask(roster, Reach(operators=frozenset({OperatorId("o")})))
    assert mask.over(np.array([1, 3, 5_000])).tolist() == [True, False, False]
    roster.put([a_row(1, operator="p")])
    assert mask.over(np.array([1, 3])).tolist() == [False, False]


def test_a_mirror_marks_only_what_differs_from_the_blobs() -> None:
    mirror = Mirror()
    mirror.take(records_of((1, 39.6, 109.8), (2000, 39.7, 109.8)), 5)
    assert mirror.turn().tolist() == [1, 2000]
    assert mirror.reconcile(records_of((1, 39.6, 109.8), (2000, 39.8, 109.8)), 6) == 1
    assert mirror.turn().tolist() == [2000]
    assert mirror.turn().tolist() == []


class TestSlowScreens:
    def a_client(self, send: Callable[[bytes | str], Awaitable[None]]) -> tuple[LiveClient, Mirror]:
        roster = Roster()
        roster.put([a_row(number) for number in range(1, 20)])
        reach = Reach()
        client = LiveClient(PlainOutlet(send), reach, ReachMask(roster, reach), lambda: 0.0)
        client.subscription = Subscription(topics=frozenset({"vehicles"}), box=None)
        return client, Mirror()

    async def test_a_slow_screen_gets_the_newest_position_and_not_every_one(
        self, eventually: Eventually
    ) -> None:
        gate = asyncio.Event()
        sent: list[Any] = []

        async def slow(data: bytes | str) -> None:
            sent.append(data)
            await gate.wait()

        client, mirror = self.a_client(slow)
        task = asyncio.create_task(client.run(mirror))
        for step in range(50):
            mirror.take(records_of((1, 39.0 + step / 100, 109.8)), step)
            numbers = mirror.turn()
            client.mark(Delta(client.seen_of(numbers, mirror)), mirror)
            mirror.settle(numbers)
            await asyncio.sleep(0)
        gate.set()
        await eventually(lambda: len(sent) == 2)
        task.cancel()
        last = read_live_message(sent[-1])[3]
        assert last["lat_e7"].tolist() == [394_900_000]
        assert client.coalesced >= 47

    async def test_a_screen_that_lets_facts_pile_up_is_closed_and_none_is_dropped_in_silence(self) -> None:
        async def never(_: bytes | str) -> None:
            await asyncio.Event().wait()

        client, _ = self.a_client(never)
        for number in range(1_001):
            client.tell("alarms", "upsert", [msgspec.Raw(b'{"alarmId":"%d"}' % number)])
        assert (client.close_code, client.close_reason) == (4480, "client-too-slow")


def test_a_box_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match="no box"):
        Box(110.0, 39.0, 109.0, 40.0)
    assert Box(109.0, 39.0, 110.0, 40.0).holds(records_of((1, 39.5, 109.5), (2, 41.0, 109.5))).tolist() == [
        True,
        False,
    ]


def test_a_view_finds_its_changes_by_tile_as_by_looking_at_all_of_them() -> None:
    rng = np.random.default_rng(2)
    many = 3_000
    mirror = Mirror()
    records = np.zeros(many, LIVE)
    records["vehicle_no"] = np.arange(1, many + 1)
    for step in range(4):
        records["lat_e7"] = 396_000_000 + rng.integers(-3_000_000, 3_000_000, many)
        records["lng_e7"] = 1_098_000_000 + rng.integers(-3_000_000, 3_000_000, many)
        mirror.take(records[rng.random(many) < 0.6], step)
        numbers = mirror.turn()
        changes = Changes(numbers, mirror)
        for half in (0.0004, 0.01, 0.2, 0.5):
            lat, lng = rng.uniform(39.4, 39.8), rng.uniform(109.6, 110.0)
            box = Box(lng - half, lat - half, lng + half, lat + half)
            told = [
                found[box.holds(mirror.records[found]) | box.holds(mirror.before[found])].tolist()
                for found in (changes.near(box), numbers)
            ]
            assert told[0] == told[1]
        assert len(changes.near(Box(109.8, 39.6, 109.81, 39.61))) < len(numbers) / 50
        mirror.settle(numbers)
