"""A reconnect storm: the gateway is killed, every link comes back, nothing accepted has a gap."""

import json
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq

from core.clock import Clock
from steppe.bench.servers_started import BenchError, Started
from steppe.bench.world import World

SERVERS = ("gateway", "archiver")
UP_WITHIN_S = 100.0
AFTER_S = 6.0
"""How long the drive goes on after the last link is back."""
STOPPED_WITHIN_S = 20.0


class Storm:
    """One world whose gateway is killed once."""

    def __init__(self, world: World, folder: Path, *, down_s: float = 1.0) -> None:
        self._drive_s = world.measure_s
        longest_s = world.measure_s + 2 * UP_WITHIN_S + AFTER_S
        self._world = msgspec.structs.replace(world, screens=0, measure_s=longest_s)
        self._folder = folder
        self._down_s = down_s
        self._clock = Clock.real()
        self._up: list[tuple[float, int]] = []
        self._errors: dict[str, int] = {}

    def result(self) -> dict[str, Any]:
        """Return how long it took until every link was back, and which numbers are missing in the history."""
        started = Started(self._world, self._folder, SERVERS)
        with started, started.client("steppe.bench.returning") as client:
            reader = threading.Thread(target=self._read, args=(client,), daemon=True)
            reader.start()
            links, began_s = self._world.singles + self._world.links, self._clock.monotonic_s()
            self._wait_for_all(links, began_s)
            killed_s = self._clock.monotonic_s()
            started.restart("gateway", after_s=self._down_s)
            listens_s = self._clock.monotonic_s()
            back_s = self._wait_for_all(links, listens_s)
            half_s = next(at_s for at_s, up in self._up if at_s > listens_s and up >= links / 2)
            # Whoever came back last sends what it kept: a drive that ended before would lack it.
            until_s = max(began_s + self._drive_s, back_s + AFTER_S)
            threading.Event().wait(max(0.0, until_s - self._clock.monotonic_s()))
            client.terminate()
            reader.join(STOPPED_WITHIN_S)
        rows = stored(Path(started.world.history))
        return {
            "links": links,
            "vehicles": self._world.vehicles,
            "downS": round(listens_s - killed_s, 1),
            "halfBackS": round(half_s - listens_s, 1),
            "allBackS": round(back_s - listens_s, 1),
            "errors": self._errors,
            **gaps(rows, self._world.vehicles),
        }

    def _read(self, client: Any) -> None:
        for line in client.stdout:
            said = json.loads(line)
            self._up.append((self._clock.monotonic_s(), said["up"]))
            self._errors = said["errors"]

    def _wait_for_all(self, links: int, since_s: float) -> float:
        pause = threading.Event()
        while self._clock.monotonic_s() < since_s + UP_WITHIN_S:
            found = [at_s for at_s, up in self._up if at_s > since_s and up == links]
            if found:
                return found[0]
            pause.wait(0.1)
        raise BenchError(f"not all of {links} links are up after {UP_WITHIN_S:.0f} s: {self._up[-1:]}")


def stored(history: Path) -> np.ndarray[Any, Any]:
    """Return (vehicle, seq) of every position in the history, int64[n, 2]."""
    tables = [pq.read_table(file) for file in sorted(history.rglob("*.parquet")) if "position" in str(file)]
    rows = [np.column_stack((t["vehicle_no"].to_numpy(), t["seq"].to_numpy())) for t in tables]
    return np.concatenate(rows).astype(np.int64) if rows else np.zeros((0, 2), np.int64)


def gaps(rows: np.ndarray[Any, Any], vehicles: int) -> dict[str, int]:
    """Return the number of rows, of rows that come twice, and of numbers missing below a vehicle's last."""
    unique = np.unique(rows, axis=0)
    last = np.zeros(vehicles + 1, np.int64)
    np.maximum.at(last, unique[:, 0], unique[:, 1])
    counted = np.bincount(unique[:, 0], minlength=vehicles + 1)
    return {
        "stored": len(rows),
        "twice": len(rows) - len(unique),
        "gaps": int((last - counted).sum()),
        "heard": int((counted > 0).sum()),
    }
