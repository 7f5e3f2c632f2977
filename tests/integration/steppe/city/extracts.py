"""OpenStreetMap extracts as tests need them, in the real format: written by osmium."""

from pathlib import Path
from typing import Any

import osmium


class Thing:
    version, visible, changeset, uid, user, timestamp = 1, True, 1, 1, "test", "2026-01-01T00:00:00Z"

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update({"tags": {}} | fields)


class Extract:
    """An OpenStreetMap extract under construction; places are hundredths of a degree from (40.0, 110.0)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[tuple[float, float], int] = {}
        self.ways: list[Thing] = []
        self.relations: list[Thing] = []

    def way(self, places: list[tuple[float, float]], **tags: str) -> int:
        refs = [self.nodes.setdefault(place, len(self.nodes) + 1) for place in places]
        self.ways.append(
            Thing(id=len(self.ways) + 1, nodes=refs, tags={k.replace("__", ":"): v for k, v in tags.items()})
        )
        return len(self.ways)

    def relation(self, outer: int, **tags: str) -> None:
        self.relations.append(
            Thing(id=1, members=[("w", outer, "outer")], tags={"type": "multipolygon", **tags})
        )

    def write(self) -> Path:
        with osmium.SimpleWriter(str(self.path)) as writer:
            for (lat, lng), node in self.nodes.items():
                writer.add_node(Thing(id=node, location=(110.0 + lng / 100, 40.0 + lat / 100)))
            for way in self.ways:
                writer.add_way(way)
            for relation in self.relations:
                writer.add_relation(relation)
        return self.path


def square(lat: float, lng: float) -> list[tuple[float, float]]:
    return [(lat, lng), (lat, lng + 1), (lat + 1, lng + 1), (lat + 1, lng), (lat, lng)]


def town_extract(path: Path, **tags: str) -> Extract:
    """Return an extract of the tiny city's town: 15 × 15 streets, and a lane into an area of these tags."""
    extract = Extract(path)
    lines = [step / 100 for step in range(-112, 113, 16)]

    def corner(north: int, east: int) -> tuple[float, float]:
        # a little out of true, as real streets are
        return lines[north] + 0.01 * (east % 3), lines[east] * 1.25

    for number in range(len(lines)):
        kind = "secondary" if number % 5 == 0 else "tertiary" if number % 2 else "residential"
        extract.way([corner(number, i) for i in range(len(lines))], highway=kind, name=f"东西街{number}")
        extract.way([corner(i, number) for i in range(len(lines))], highway=kind, name=f"南北街{number}")
    extract.way([(0.20, 0.23), (0.20, 0.37), (0.30, 0.37), (0.30, 0.23), (0.20, 0.23)], **tags)
    extract.way([corner(8, 8), (0.21, 0.25), (0.28, 0.35)], highway="service", name="营房路")
    return extract
