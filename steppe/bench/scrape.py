"""Metrics of a server process, read twice: what happened between."""

import urllib.request
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

type Samples = Mapping[tuple[str, str], float]
"""(sample, its label values) → value; buckets have their upper bound as label."""


def scraped(port: int) -> dict[tuple[str, str], float]:
    """Return every sample of a server's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def rise(before: Samples, after: Samples, name: str) -> float:
    """Return how much a sample rose, all its labels together."""
    return sum(value - before.get(key, 0.0) for key, value in after.items() if key[0] == name)


def labelled(before: Samples, after: Samples, name: str) -> dict[str, int]:
    """Return how much each label of a counter rose, those that did."""
    found = {
        label: round(value - before.get((sample, label), 0.0))
        for (sample, label), value in after.items()
        if sample == name
    }
    return {label: count for label, count in sorted(found.items(), key=lambda one: -one[1]) if count}


def buckets(before: Samples, after: Samples, name: str) -> list[tuple[float, float]]:
    """Return (upper bound, how many were at most that) of a histogram between two scrapes, ascending."""
    found = [
        (float(label), value - before.get((sample, label), 0.0))
        for (sample, label), value in after.items()
        if sample == f"{name}_bucket"
    ]
    return sorted(found)


def percentile(counts: list[tuple[float, float]], share: float) -> float:
    """Return the upper bound of the bucket in which a percentile lies; 0 of an empty histogram."""
    total = counts[-1][1] if counts else 0.0
    return next((bound for bound, count in counts if total and count >= share * total), 0.0)


def above(counts: list[tuple[float, float]], bound: float) -> int:
    """Return how many were above a bound, which must be one of the histogram's."""
    under = dict(counts)[bound]
    return round(counts[-1][1] - under)
