"""Every bad input has its own error, is counted, and harms nobody else."""

import math
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from core import metrics
from fleet.links.profile import LinkProfile
from fleet.links.wire.messages import Error
from fleet.telemetry.rejects import Reject
from tests.integration.fleet.links.conftest import Running, accepted
from tests.integration.fleet.links.second_client import HEADER, Vehicle, frame, position, positions_frame

NOW = 1_780_000_000_000
GOOD = position(7, 1, 39.6, 109.78)
PAST_THE_END = HEADER.pack(b"ST", 1, 1, 32, 1, NOW) + struct.pack("<BBHI", 1, 1, 24, 99)


def refused(code: str) -> float:
    return float(metrics.FRAMES_REFUSED.labels(code=code)._value.get())


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b"", "frame-truncated", "header"),
        (b"\x00" * 24, "malformed-frame", "magic"),
        (positions_frame(1, NOW, GOOD)[:-1], "frame-truncated", "length"),
        (positions_frame(1, NOW, GOOD) + b"x", "frame-truncated", "length"),
        (frame(1, NOW, (1, 24, GOOD), version=9), "unknown-version", "version"),
        (frame(1, NOW, (1, 24, GOOD[:-1])), "malformed-frame", "positions"),
        (frame(1, NOW, (1, 0, GOOD)), "malformed-frame", "positions"),
        (frame(1, NOW, (2, 80, b"short")), "malformed-frame", "status"),
        (HEADER.pack(b"ST", 1, 2, 24, 1, NOW), "frame-truncated", "sections[0]"),
        (PAST_THE_END, "frame-truncated", "sections[0]"),
        (positions_frame(1, 12, GOOD), "time-out-of-range", "baseTime"),
    ],
    ids=[
        "empty", "no magic", "cut", "longer than it says", "unknown version", "half a record",
        "no record size", "short status", "missing sections", "section past the end", "year 1970",
    ],
)  # fmt: skip
async def test_a_bad_frame_is_answered_counted_and_the_link_lives_on(
    running: Running, data: bytes, code: str, field: str
) -> None:
    before = refused(code)
    async with Vehicle(running.link, "seven") as bad, Vehicle(running.link, "eight") as good:
        await bad.hello()
        await good.hello()
        await bad.send(data)
        error = await bad.hear("error")
        assert (error["code"], error["field"]) == (code, field)
        assert refused(code) == before + 1
        await good.send(positions_frame(1, running.now_ms(), position(8, 1, 39.6, 109.78)))
        await bad.send(positions_frame(1, running.now_ms(), position(7, 1, 39.6, 109.78)))
        await good.hear("accepted")
        await bad.hear("accepted")
    assert sorted(await accepted(running.redis)) == [(7, 1), (8, 1)]


async def test_an_oversized_frame_closes_the_link_with_4413(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(bytes(262_145))
        assert (await vehicle.hear("error"))["code"] == "too-large"
        assert await vehicle.closed() == 4413


class TestSmallFrames:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return LinkProfile(batch_wall_ms=5, max_frame_bytes=2_048)

    async def test_the_largest_frame_is_the_profiles_and_welcome_says_it(self, running: Running) -> None:
        fits = positions_frame(1, running.now_ms(), *[position(7, seq, 39.6, 109.78) for seq in range(1, 84)])
        assert len(fits) == 2_024
        async with Vehicle(running.link, "seven") as vehicle:
            await vehicle.hello()
            assert (await vehicle.hear("welcome"))["maxFrameBytes"] == 2_048
            await vehicle.send(fits)
            assert (await vehicle.hear("accepted"))["count"] == 83
            await vehicle.send(bytes(2_049))
            assert (await vehicle.hear("error"))["detail"] == "2049 bytes, at most 2048 are taken"
            assert await vehicle.closed() == 4413


async def test_a_vehicle_that_lets_2000_messages_wait_is_closed_with_4480(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle, Vehicle(running.link, "eight") as other:
        await vehicle.hello()
        await other.hello()
        link = running.gateway.book.of(7)
        assert link is not None
        for _ in range(5_000):  # in one turn of the loop, 20 MB: more than the kernel takes
            link.tell(Error(code="flood", detail="x" * 4_000))
        assert await vehicle.closed() == 4480
        await other.send(positions_frame(1, running.now_ms(), position(8, 1, 39.6, 109.78)))
        await other.hear("accepted")


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("{", "malformed-json", ""),
        ("[]", "unknown-message", "type"),
        ('{"type": "dance"}', "unknown-message", "type"),
        ('{"noType": 1}', "unknown-message", "type"),
        ('{"type": "hello", "protocol": 1}', "unknown-message", "type"),
        (
            '{"type":"report","vehicleNo":7,"reportSeq":0,"kind":"fault","measuredAtMs":1}',
            "invalid-input",
            "reportSeq",
        ),
        (
            '{"type":"positions","frameSeq":1,"positions":[{"vehicleNo":7,"seq":1,"lat":91,"lng":0,"measuredAtMs":1}]}',
            "invalid-input",
            "positions[0].lat",
        ),
        (
            '{"type":"positions","frameSeq":1,"positions":[{"vehicleNo":7,"seq":1,"lat":NaN,"lng":0,"measuredAtMs":1}]}',
            "malformed-json",
            "",
        ),
    ],
    ids=["cut", "array", "unknown type", "no type", "second hello", "report seq", "latitude", "NaN"],
)
async def test_a_bad_message_is_answered_with_the_field_that_is_wrong(
    running: Running, text: str, code: str, field: str
) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(text)
        error = await vehicle.hear("error")
    assert (error["code"], error["field"]) == (code, field)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"vehicleNo": 8}, "not-your-vehicle", "vehicleNo"),
        ({"vehicleNo": 4_000_000_000}, "unknown-vehicle", "vehicleNo"),
        ({"measuredAtMs": 4_000_000_000_000}, "time-out-of-range", "measuredAtMs"),
        ({"body": {}}, "invalid-input", "body"),
        ({"body": {"stopId": "s", "lat": 120, "lng": 1}}, "invalid-input", "body.lat"),
        ({"body": {"stopId": "s" * 17_000, "lat": 1, "lng": 1}}, "too-large", "body"),
    ],
    ids=["foreign", "unknown", "future", "empty body", "latitude", "large body"],
)
async def test_a_bad_report_is_refused_and_not_stored(
    running: Running, changes: dict[str, Any], code: str, field: str
) -> None:
    report = {
        "type": "report", "vehicleNo": 7, "reportSeq": 1, "kind": "stop_reached",
        "measuredAtMs": running.now_ms(), "body": {"stopId": "s", "lat": 39.6, "lng": 109.8},
    }  # fmt: skip
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.say(**{**report, **changes})
        error = await vehicle.hear("error")
        assert (error["code"], error["field"]) == (code, field)
        await vehicle.say(**report)
        assert (await vehicle.hear("reportStored"))["outcome"] == "stored"


async def test_foreign_unknown_and_impossible_positions_are_dropped_and_the_others_kept(
    running: Running,
) -> None:
    counts = running.gateway.rejects
    async with Vehicle(running.link, "east") as maker:
        await maker.hello()
        await maker.send(
            positions_frame(
                1,
                running.now_ms(),
                position(7, 1, 39.6, 109.78),
                position(9, 1, 39.6, 109.78),
                position(5_000, 1, 39.6, 109.78),
                position(4_294_967_295, 1, 39.6, 109.78),
                position(8, 1, 91.0, 109.78),
                position(8, 2, 39.6, 181.0),
                position(8, 3, 39.6, 109.78, battery=1.2),
                position(8, 4, 39.6, 109.78, mode_flags=7),
                position(8, 5, 39.6, 109.78),
            )
        )
        assert (await maker.hear("accepted"))["count"] == 2
        by_code = {m["code"]: m["count"] for m in maker.heard if m["type"] == "error"}
    assert by_code == {"not-your-vehicle": 1, "unknown-vehicle": 2, "position-out-of-range": 4}
    assert sorted(await accepted(running.redis)) == [(7, 1), (8, 5)]
    assert counts.of_vehicle(9) == {Reject.FOREIGN: 1}
    assert counts.of_vehicle(8) == {Reject.MALFORMED: 4}
    assert counts.total(Reject.UNKNOWN) == 2


async def test_a_replayed_frame_is_refused_and_what_was_accepted_stays(running: Running) -> None:
    once = positions_frame(5, running.now_ms(), GOOD)
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(once)
        await vehicle.hear("accepted")
        await vehicle.send(once)
        await vehicle.send(positions_frame(4, running.now_ms(), position(7, 2, 39.6, 109.78)))
        await vehicle.hear("error", lambda m: m["frameSeq"] == 4)
    assert [m["code"] for m in vehicle.heard if m["type"] == "error"] == ["frame-replayed"] * 2
    assert await accepted(running.redis) == [(7, 1)]


async def test_the_first_message_must_be_hello(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.send(positions_frame(1, NOW, GOOD))
        assert (await vehicle.hear("error"))["code"] == "hello-expected"
        assert await vehicle.closed() == 4400


async def test_another_protocol_version_is_closed_with_4400(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.say(type="hello", protocol=2)
        assert (await vehicle.hear("error"))["code"] == "unknown-version"
        assert await vehicle.closed() == 4400


async def test_a_hello_for_foreign_vehicles_is_told_and_serves_the_own(running: Running) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello(vehicles=[7, 8])
        error = await vehicle.hear("error")
    assert (error["code"], error["vehicleNo"]) == ("not-your-vehicle", 8)


async def test_a_forged_token_gets_no_link(running: Running) -> None:
    vehicle = Vehicle(running.link, "forged")
    async with vehicle:
        assert await vehicle.closed() == 4401


class TestFlood:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return LinkProfile(batch_wall_ms=5, burst_positions=50, positions_per_s=3, frames_per_wall_s=1000)

    async def test_a_flooding_vehicle_loses_its_own_positions_but_not_the_newest_nor_others(
        self, running: Running
    ) -> None:
        base = running.now_ms()
        async with Vehicle(running.link, "seven") as flood, Vehicle(running.link, "eight") as calm:
            await flood.hello()
            await calm.hello()
            records = [position(7, seq, 39.6, 109.78, after_ms=seq * 10) for seq in range(1, 301)]
            await flood.send(positions_frame(1, base, *records))
            await calm.send(positions_frame(1, base, position(8, 1, 39.6, 109.78)))
            assert (await calm.hear("accepted"))["count"] == 1
            error = await flood.hear("error")
        assert (error["code"], error["count"]) == ("flood", 250)
        kept = sorted(seq for number, seq in await accepted(running.redis) if number == 7)
        assert kept == list(range(251, 301))


class TestManyFrames:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return LinkProfile(batch_wall_ms=5, burst_positions=10, positions_per_s=100, frames_per_wall_s=5)

    async def test_a_link_that_sends_too_many_frames_keeps_the_newest(
        self, running: Running, eventually: Callable[..., Awaitable[Any]]
    ) -> None:
        base = running.now_ms()
        async with Vehicle(running.link, "seven") as flood:
            await flood.hello()
            for seq in range(1, 201):
                await flood.send(positions_frame(seq, base + seq, position(7, seq, 39.6, 109.78)))
            await eventually(lambda: sum(m["count"] for m in flood.heard if m.get("code") == "flood") > 100)

            async def newest() -> bool:
                return max(seq for _, seq in await accepted(running.redis)) == 200

            await eventually(newest)


class TestPatience:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return LinkProfile(batch_wall_ms=5, max_bad_messages_per_minute=10)

    async def test_a_link_that_sends_only_rubbish_is_closed(self, running: Running) -> None:
        async with Vehicle(running.link, "seven") as vehicle:
            await vehicle.hello()
            for _ in range(12):
                await vehicle.send("{")
            assert await vehicle.closed() == 4429


class TestOverHttp:
    async def post(self, running: Running, token: str, path: str, **content: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=running.http) as client:
            return await client.post(path, headers={"Authorization": f"Bearer {token}"}, **content)

    async def frames(self, running: Running, token: str, data: bytes) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        async with httpx.AsyncClient(base_url=running.http) as client:
            return await client.post("/v1/frames", content=data, headers=headers)

    async def test_a_binary_frame_is_taken(self, running: Running) -> None:
        answer = await self.frames(running, "seven", positions_frame(1, running.now_ms(), GOOD))
        assert (answer.status_code, answer.json()) == (
            202,
            {"frameSeq": 1, "accepted": 1, "refused": [], "durableSeq": 0},
        )
        assert await accepted(running.redis) == [(7, 1)]

    async def test_a_json_frame_is_taken(self, running: Running) -> None:
        now = running.now_ms()
        positions = [
            {
                "vehicleNo": 7,
                "seq": seq,
                "lat": 39.6,
                "lng": 109.78,
                "measuredAtMs": now + seq,
                "speedMps": 3.2,
            }
            for seq in (1, 2)
        ]
        answer = await self.post(
            running, "seven", "/v1/frames", json={"type": "positions", "frameSeq": 3, "positions": positions}
        )
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)

    @pytest.mark.parametrize(
        ("token", "data", "status", "code"),
        [
            ("nobody", positions_frame(1, NOW, GOOD), 401, "token-invalid"),
            ("seven", b"rubbish", 400, "frame-truncated"),
            ("seven", positions_frame(1, NOW, position(8, 1, 39.6, 109.7)), 403, "not-your-vehicle"),
            ("seven", positions_frame(1, NOW, position(77, 1, 39.6, 109.7)), 403, "unknown-vehicle"),
            ("seven", positions_frame(1, NOW, position(7, 1, 95.0, 109.7)), 400, "position-out-of-range"),
            ("seven", bytes(262_145), 413, "too-large"),
        ],
        ids=["no token", "rubbish", "foreign", "unknown", "latitude", "too large"],
    )
    async def test_refusals_are_problem_documents(
        self, running: Running, token: str, data: bytes, status: int, code: str
    ) -> None:
        answer = await self.frames(running, token, data)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"].startswith("application/problem+json")

    async def test_a_replay_is_a_conflict(self, running: Running) -> None:
        data = positions_frame(9, running.now_ms(), GOOD)
        assert (await self.frames(running, "seven", data)).status_code == 202
        again = await self.frames(running, "seven", data)
        assert (again.status_code, again.json()["code"]) == (409, "frame-replayed")

    async def test_reports_are_answered_one_by_one(self, running: Running) -> None:
        report = {
            "type": "report", "vehicleNo": 7, "reportSeq": 1, "kind": "takeover_requested",
            "measuredAtMs": running.now_ms(), "body": {"reason": "blocked"},
        }  # fmt: skip
        answer = await self.post(
            running, "seven", "/v1/reports", json=[report, report, {**report, "vehicleNo": 8}]
        )
        assert answer.status_code == 200
        kinds = sorted(item.get("outcome", item.get("code")) for item in answer.json())
        assert kinds == ["duplicate", "not-your-vehicle", "stored"]

    async def test_a_report_that_cannot_be_read_is_named(self, running: Running) -> None:
        answer = await self.post(running, "seven", "/v1/reports", json={"type": "report", "vehicleNo": "x"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
        assert answer.json()["fields"]["field"] == "vehicleNo"


def test_numbers_that_are_not_numbers_cannot_be_written_in_a_frame() -> None:
    """Coordinates are integers on the wire, so NaN and infinity have no bytes."""
    with pytest.raises(ValueError, match="NaN"):
        position(7, 1, math.nan, 109.0)
