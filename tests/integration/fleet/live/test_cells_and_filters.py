"""Far views get cells that the server counted, close ones vehicles; a choice narrows what may be seen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest

from core import keys
from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.kinds import Severity
from fleet.telemetry.records import LIVE, LiveKind, live_message
from tests.integration.fleet.live.wall import Screen, Wall, a_row, standing

type Eventually = Callable[..., Awaitable[Any]]

MANY = 2_500
SERVICES = (ServiceKind.DELIVERY, ServiceKind.VENDING)


@pytest.fixture
async def crowd(valkey_url: str, tmp_path: Path) -> AsyncIterator[Wall]:
    """2,500 vehicles (nine of them in KB) of two operators and two services in turn."""
    rows = [a_row(no, "op"[no % 2], SERVICES[no // 2 % 2]) for no in range(1, MANY + 1)]
    async with standing(valkey_url, tmp_path, rows) as found:
        yield found


def a_fleet() -> Any:
    """Half of them in two towns of KB's side, half in the east, each condition in turn."""
    rng = np.random.default_rng(3)
    records = np.zeros(MANY, LIVE)
    records["vehicle_no"] = np.arange(1, MANY + 1)
    east = np.arange(MANY) >= MANY // 2
    records["lat_e7"] = np.where(east, 396_000_000, 398_000_000) + rng.integers(-300_000, 300_000, MANY)
    records["lng_e7"] = np.where(east, 1_109_000_000, 1_098_000_000) + rng.integers(-300_000, 300_000, MANY)
    records["flags"] = np.arange(MANY) % 4
    return records


async def publish(wall: Wall, records: Any) -> None:
    await wall.redis.publish(keys.room("x"), live_message(LiveKind.DELTA, 1, 1, records))


async def known(wall: Wall, records: Any, eventually: Eventually) -> None:
    """Let the hub know the fleet; somebody has to look for it to listen."""
    await eventually(lambda: wall.hub._is_mirror_current.is_set())
    await publish(wall, records)
    await eventually(lambda: len(wall.hub.mirror) == len(records))


def counted(records: Any, resolution: int, within: Any = True) -> dict[int, tuple[int, list[int], int]]:
    """Count the plain way."""
    whole: dict[int, list[int]] = {}
    for record in records[np.broadcast_to(within, len(records))]:
        fine = h3.latlng_to_cell(float(record["lat_e7"]) * 1e-7, float(record["lng_e7"]) * 1e-7, 9)
        cell = h3.str_to_int(h3.cell_to_parent(fine, resolution))
        whole.setdefault(cell, [0] * 5)[int(record["flags"]) & 7] += 1
    worst = {
        cell: max(
            (1 + (int(r["flags"]) >> 6) for r in records if int(r["flags"]) & 7 == 4 and _in(r, cell)),
            default=0,
        )
        for cell in (whole if (records["flags"] & 7 == 4).any() else ())
    }
    return {cell: (sum(row), row, worst.get(cell, 0)) for cell, row in whole.items()}


def _in(record: Any, cell: int) -> bool:
    fine = h3.latlng_to_cell(float(record["lat_e7"]) * 1e-7, float(record["lng_e7"]) * 1e-7, 9)
    return bool(h3.str_to_int(h3.cell_to_parent(fine, h3.get_resolution(h3.int_to_str(cell)))) == cell)


async def test_a_far_view_of_many_gets_cells_that_follow_the_vehicles(
    crowd: Wall, eventually: Eventually
) -> None:
    fleet = a_fleet()
    async with crowd.screen() as screen:
        await screen.ask("vehicles", zoom=7.5)
        await known(crowd, fleet, eventually)
        await eventually(lambda: screen.resolution == 5, within=10)
        await eventually(lambda: screen.cells == counted(fleet, 5), within=10)
        fleet["lng_e7"][:40] += 3_000_000
        fleet["flags"][100] = 4 | 3 << 6
        await publish(crowd, fleet[:101])
        await eventually(lambda: screen.cells == counted(fleet, 5), within=10)
        assert max(worst for _, _, worst in screen.cells.values()) == 4


async def test_a_close_view_of_many_gets_vehicles_and_a_far_one_cells_again(
    crowd: Wall, eventually: Eventually
) -> None:
    fleet = a_fleet()
    town = [109.76, 39.76, 109.84, 39.84]
    async with crowd.screen() as screen, crowd.screen() as other:
        await other.ask("vehicles")
        await known(crowd, fleet, eventually)
        await screen.ask("vehicles", zoom=8.5)
        await eventually(lambda: screen.resolution == 6 and screen.cells)
        await screen.ask("vehicles", bbox=town, zoom=13)
        await eventually(lambda: screen.resolution is None and len(screen.seen()) == MANY // 2)
        assert screen.frames[0][0] is LiveKind.SNAPSHOT
        await screen.ask("vehicles", zoom=6)
        await eventually(lambda: screen.resolution == 4 and screen.cells == counted(fleet, 4))


async def test_a_city_of_few_is_given_vehicles_at_every_zoom(wall: Wall, eventually: Eventually) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.7, 109.9))
    async with wall.screen() as screen:
        for zoom in (5.5, 9, 16):
            screen.frames.clear()
            await screen.ask("vehicles", zoom=zoom)
            await eventually(lambda: sorted(screen.seen()) == [1, 12])
        assert screen.resolution is None


async def test_cells_can_be_asked_for_and_count_only_what_may_be_seen(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 39.6, 109.8), (12, 39.6, 109.8))
    async with wall.screen("kb") as screen, wall.screen() as everything:
        await screen.ask("vehicles", zoom=9, mode="cells")
        await everything.ask("vehicles", zoom=9, mode="cells")
        await eventually(lambda: [count for count, _, _ in everything.cells.values()] == [3])
        await eventually(lambda: [count for count, _, _ in screen.cells.values()] == [2])


async def seen_with(screen: Screen, eventually: Eventually, **chosen: list[str]) -> list[int]:
    screen.frames.clear()
    await screen.ask("vehicles", filter=chosen)
    await eventually(lambda: screen.frames)
    return sorted(screen.seen())


async def test_a_choice_narrows_what_is_seen_and_never_widens_it(crowd: Wall, eventually: Eventually) -> None:
    fleet = a_fleet()[:12]
    async with crowd.screen() as screen, crowd.screen("kb") as kb:
        await screen.ask("vehicles")
        await known(crowd, fleet, eventually)
        assert await seen_with(screen, eventually, districts=["KB"]) == list(range(1, 10))
        assert await seen_with(screen, eventually, operators=["p"]) == [1, 3, 5, 7, 9, 11]
        assert await seen_with(screen, eventually, services=["vending"]) == [2, 3, 6, 7, 10, 11]
        both = await seen_with(screen, eventually, services=["vending", "delivery"], operators=["p"])
        assert both == [1, 3, 5, 7, 9, 11]
        assert await seen_with(kb, eventually, districts=["KB", "DL"], operators=["o"]) == [2, 4, 6, 8]
        assert await seen_with(kb, eventually, districts=["DL"]) == []
        await kb.ask("vehicles", zoom=9, mode="cells", filter={"services": ["vending"]})
        await eventually(lambda: sum(count for count, _, _ in kb.cells.values()) == 4)


@pytest.mark.parametrize(
    ("chosen", "field", "word"),
    [
        ({"services": ["flying"]}, "filter.services", "'flying' is not known; known are "),
        ({"districts": ["XX"]}, "filter.districts", "'XX' is not known; known are DL, KB"),
        ({"operators": ["o", "nobody"]}, "filter.operators", "'nobody' is not known; known are o"),
    ],
    ids=["service", "district", "operator"],
)
async def test_a_choice_that_means_nothing_is_answered_and_what_was_followed_goes_on(
    wall: Wall, eventually: Eventually, chosen: dict[str, list[str]], field: str, word: str
) -> None:
    await wall.blob((1, 39.6, 109.8))
    async with wall.screen() as screen:
        await screen.ask("vehicles")
        await eventually(lambda: screen.seen())
        await screen.ask("vehicles", filter=chosen)
        await eventually(lambda: screen.texts)
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((1, 39.61, 109.81))
        await eventually(lambda: screen.seen()[1] == (39.61, 109.81))
    answer = screen.texts[0]
    assert (answer["type"], answer["code"], answer["field"]) == ("error", "invalid-input", field)
    assert word in answer["detail"]


async def test_an_operator_beyond_the_reach_is_as_unknown_as_one_that_is_not(
    crowd: Wall, eventually: Eventually
) -> None:
    crowd.hub.roster.put([a_row(5_000, "hidden")])
    async with crowd.screen("kb") as kb, crowd.screen() as everything:
        for screen in (kb, everything):
            await screen.ask("vehicles", filter={"operators": ["hidden"]})
        await eventually(lambda: kb.texts and everything.frames)
    assert kb.texts[0]["detail"] == "filter.operators: 'hidden' is not known; known are o, p"
    assert everything.texts == []


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"zoom": 25}, "<= 24"),
        ({"mode": "cells"}, "mode cells needs a zoom"),
        ({"mode": "dots", "zoom": 5}, "dots"),
        ({"filter": {"service": ["vending"]}}, "service"),
        ({"filter": {"services": []}}, "length >= 1"),
    ],
    ids=["zoom", "cells without zoom", "mode", "axis", "empty axis"],
)
async def test_a_view_that_cannot_be_read_closes_with_4400_and_says_why(
    wall: Wall, more: dict[str, Any], word: str
) -> None:
    async with wall.screen() as screen:
        await screen.ask("vehicles", **more)
        await screen.reader
        assert screen.socket.close_code == 4400
        assert screen.socket.close_reason is not None
        assert word in screen.socket.close_reason


async def test_who_comes_into_or_goes_out_of_sight_is_told_by_a_snapshot(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.6, 109.8))
    async with wall.screen() as screen:
        await screen.ask("vehicles", filter={"districts": ["DL"]})
        await eventually(lambda: sorted(screen.seen()) == [12])
        wall.hub.roster.put([a_row(1), a_row(12), a_row(13)])
        screen.frames.clear()
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        wall.hub.roster.district[1], wall.hub.roster.district[12] = wall.hub.roster.district[[12, 1]]
        wall.hub.roster.revision += 1
        await wall.tell((13, 39.6, 109.8))
        await eventually(lambda: sorted(screen.seen()) == [1, 13])
        await asyncio.sleep(0)


async def test_a_standing_alarm_of_the_registry_reddens_its_cell(wall: Wall, eventually: Eventually) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 39.6, 109.8))
    async with wall.screen() as screen:
        await screen.ask("vehicles", zoom=9, mode="cells")
        await eventually(lambda: [row[0] for row in screen.cells.values()] == [2])
        wall.standing[VehicleNo(2)] = Severity.MAJOR
        await eventually(lambda: [row[2] for row in screen.cells.values()] == [3], within=10)
        assert [row[1][4] for row in screen.cells.values()] == [1]
        wall.standing.clear()
        await eventually(lambda: [row[2] for row in screen.cells.values()] == [0], within=10)
