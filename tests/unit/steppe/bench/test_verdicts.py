"""What a benchmark concludes from what it found."""

from typing import Any

import numpy as np
import pytest

from steppe.bench.fleet import Latencies
from steppe.bench.load import _is_calm
from steppe.bench.raw_link import TEXT, RawLink, masked
from steppe.bench.scrape import above, buckets, percentile, rise
from steppe.bench.series import sized
from steppe.bench.staircase import falls_behind_by
from steppe.bench.targets import target_of, verdicts
from steppe.bench.world import World

FOUND = {
    "serversCoreShare": 0.2,
    "archiverOfServers": 0.2,
    "p99Ms": 200.0,
    "serversMb": 510.0,
    "valkeyMb": 100.0,
}


def test_every_bar_says_what_was_found_and_how_that_compares() -> None:
    judged = verdicts(target_of(100_000, 3_000), FOUND, busy_share=0.5)
    assert {name: bar["verdict"] for name, bar in judged.items()} == {
        "serversCoreShare": "met",
        "archiverOfServers": "missed",
        "p99Ms": "met",
        "serversMb": "missed",
        "valkeyMb": "stretch",
    }


def test_a_latency_on_a_full_machine_says_nothing_about_the_servers() -> None:
    judged = verdicts(target_of(100_000, 3_000), FOUND, busy_share=0.85)
    assert judged["p99Ms"]["verdict"] == "client-bound"
    assert judged["serversCoreShare"]["verdict"] == "met"


@pytest.mark.parametrize(
    ("vehicles", "fences", "most"), [(100_000, 3_000, 0.35), (100_000, 3_001, 0.45), (20_000, 500, 0.15)]
)
def test_the_bars_are_those_of_the_size(vehicles: int, fences: int, most: float) -> None:
    target = target_of(vehicles, fences)
    assert target is not None
    assert target.bars["serversCoreShare"].most == most


def test_a_size_that_nobody_promised_anything_about_has_no_bars() -> None:
    assert verdicts(target_of(5_000, 100), FOUND, busy_share=0.1) == {}


def a_step(**changes: Any) -> dict[str, Any]:
    defaults = {
        "wantedPerS": 1_000,
        "positionsPerS": 1_000,
        "measuredS": 10.0,
        "refused": 0,
        "archiveBehindS": 9.0,
        "tracker": {"believed": 10_000, "lagS": 0.0},
    }
    return defaults | changes


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"positionsPerS": 970}, "not all was sent"),
        ({"refused": 1}, "some was refused"),
        ({"tracker": {"believed": 10_000, "lagS": 1.0}}, "the tracker lags"),
        ({"tracker": {"believed": 7_000, "lagS": 0.0}}, "not all was judged"),
        ({"archiveBehindS": 16.0}, "the archiver lags"),
    ],
)
def test_a_rate_is_not_sustained_when_something_is_left_behind(changes: dict[str, Any], why: str) -> None:
    assert falls_behind_by(a_step()) == []
    assert falls_behind_by(a_step(**changes)) == [why]


@pytest.mark.parametrize(
    ("samples", "is_calm"),
    [((300, 0, 0), True), ((299, 0, 0), False), ((300, 2_000, 0), False), ((300, 0, 1), False)],
    ids=["calm", "not everybody judged", "facts wait", "behind"],
)
def test_a_city_has_settled_when_everybody_was_judged_and_nothing_waits(
    samples: tuple[float, float, float], is_calm: bool
) -> None:
    names = ("steppe_tracker_positions_total", "steppe_facts_waiting", "steppe_tracker_lag_seconds")
    found = {(name, ""): value for name, value in zip(names, samples, strict=True)}
    assert _is_calm(found, World(vehicles=300)) is is_calm


def test_a_smaller_city_has_links_in_proportion() -> None:
    small = sized(World(vehicles=100_000, makers=200, singles=1_000), vehicles=1_000)
    assert (small.vehicles, small.makers, small.singles) == (1_000, 2, 10)


def test_latencies_are_counted_to_half_a_millisecond() -> None:
    latencies = Latencies()
    latencies.add(np.arange(1000) / 1000)
    assert latencies.percentile_ms(0.5) == pytest.approx(500, abs=1.0)
    assert latencies.percentile_ms(0.99) == pytest.approx(990, abs=1.0)


def test_a_histogram_between_two_scrapes_counts_only_what_happened_between() -> None:
    before = {
        ("t_bucket", "0.1"): 5.0,
        ("t_bucket", "0.2"): 6.0,
        ("t_bucket", "+Inf"): 6.0,
        ("t_count", ""): 6.0,
    }
    after = {
        ("t_bucket", "0.1"): 14.0,
        ("t_bucket", "0.2"): 16.0,
        ("t_bucket", "+Inf"): 17.0,
        ("t_count", ""): 17.0,
    }
    counts = buckets(before, after, "t")
    assert counts == [(0.1, 9.0), (0.2, 10.0), (float("inf"), 11.0)]
    assert rise(before, after, "t_count") == 11
    assert percentile(counts, 0.5) == 0.1
    assert above(counts, 0.1) == 2


class Written:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.data.append(data)

    def close(self) -> None:
        self.data.append(b"closed")


def test_the_small_client_reads_messages_that_come_in_pieces() -> None:
    heard: list[bytes] = []
    link = RawLink("host", "v1", "{}", lambda _, text: heard.append(text))
    transport = Written()
    link.connection_made(transport)  # type: ignore[arg-type]
    long = b"x" * 300
    stream = (
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        + b"\x81\x02hi"
        + b"\x81\x7e\x01\x2c"
        + long
        + b"\x89\x01p"
    )
    for byte in stream:
        link.data_received(bytes((byte,)))
    assert heard == [b"hi", long]
    assert transport.data[1:] == [masked(TEXT, b"{}"), b"\x8a\x81\0\0\0\0p"]


def test_the_small_client_ends_when_it_is_not_let_in() -> None:
    link = RawLink("host", "v1", "{}", lambda _, text: None)
    transport = Written()
    link.connection_made(transport)  # type: ignore[arg-type]
    link.data_received(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    assert transport.data[-1] == b"closed"
