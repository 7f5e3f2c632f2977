"""Thousands of vehicles more than a demo drives: in its registry, and told by rooms as its tracker tells."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import redis

from core import keys
from core.valkey import embedded_url
from fleet.telemetry.records import LIVE, LiveKind, live_message
from tests.e2e.demo_city import DemoCity

FIRST_NO: Final = 100_001
CROWD: Final = "crowd"
"""The operator of all of them: a park among them shows its own vehicles."""
TOWNS: Final = {"KB": (39.608, 109.782), "DS": (39.817, 109.963), "DL": (40.402, 110.012)}
EACH_S: Final = 1.0


@contextmanager
def crowd_in(demo: DemoCity, many: int) -> Iterator[None]:
    """Register vehicles around three towns and let them drive until the block ends; one has a grave alarm."""
    _register(demo, many)
    stop = threading.Event()
    driver = threading.Thread(target=_drive, args=(demo, many, stop), daemon=True)
    driver.start()
    try:
        yield
    finally:
        stop.set()
        driver.join()


def _register(demo: DemoCity, many: int) -> None:
    """Copy a row of the registry, unless an earlier crowd did; registered vehicles take no work."""
    with sqlite3.connect(demo.folder / "steppe.sqlite3", timeout=30) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(vehicles)")]
        pattern = dict(zip(names, database.execute("SELECT * FROM vehicles LIMIT 1").fetchone(), strict=True))
        newest = database.execute("SELECT max(changed_at) FROM vehicles").fetchone()[0]
        towns = list(TOWNS)
        rows = []
        for number in range(FIRST_NO, FIRST_NO + many):
            one = {"vehicle_no": number, "code": None, "device_id": f"crowd-{number}", "version": 1,
                   "maker_serial": f"crowd-{number}", "operator": CROWD, "lifecycle": "registered",
                   "duty": "idle", "changed_at": newest, "district": towns[number % len(towns)]}  # fmt: skip
            rows.append(tuple((pattern | one)[name] for name in names))
        holes = ", ".join("?" * len(names))
        columns = ", ".join(f'"{name}"' for name in names)
        database.executemany(f"INSERT OR IGNORE INTO vehicles ({columns}) VALUES ({holes})", rows)


def _drive(demo: DemoCity, many: int, stop: threading.Event) -> None:
    rng = np.random.default_rng(2)
    numbers = np.arange(FIRST_NO, FIRST_NO + many)
    centres = np.array(list(TOWNS.values()))[numbers % len(TOWNS)]
    places = centres + rng.normal(size=(many, 2)) * (0.03, 0.04)
    records: Any = np.zeros(many, LIVE)
    records["vehicle_no"], records["speed_5"], records["battery_200"] = numbers, 15, 150
    records["flags"] = rng.choice([0, 1, 2, 2, 2, 3], many)
    records["flags"][0] = 4 | 3 << 6
    records["flags"][5] = 4 | 1 << 6
    client = redis.Redis.from_url(embedded_url(demo.folder / "valkey"))
    tick = 0
    while not stop.wait(EACH_S):
        tick += 1
        places += rng.normal(size=(many, 2)) * 2e-5
        records["lat_e7"], records["lng_e7"] = np.rint(places.T * 1e7)
        client.publish(keys.room("crowd"), live_message(LiveKind.DELTA, tick, 0, records))
    client.close()
