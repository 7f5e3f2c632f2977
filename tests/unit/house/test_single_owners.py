"""Things that only one module may do, and the shape of files."""

import ast
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import keys

ROOT = Path(__file__).parents[3]
SERVER = ("core", "geofences", "fleet", "services", "mobile_api", "dashboard", "steppe")
PACKAGES = (*SERVER, "simulator")
GENERATED = ("steppe/migrations/versions/",)
MOST_LINES = 400
FORBIDDEN_NAMES = re.compile(r"^(utils?|helpers?|common|misc|managers?|.*_(utils?|helpers?|manager))$")

type Finder = Callable[[ast.AST], bool]


def sources(*packages: str) -> list[Path]:
    return sorted(
        path
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts and not relative(path).startswith(GENERATED)
    )


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def found(finder: Finder, owners: tuple[str, ...], packages: tuple[str, ...] = SERVER) -> list[str]:
    return [
        f"{relative(path)}:{getattr(node, 'lineno', 0)}"
        for path in sources(*packages)
        if not relative(path).startswith(owners)
        for node in nodes(path)
        if finder(node)
    ]


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def reads_environment(node: ast.AST) -> bool:
    imported = isinstance(node, ast.ImportFrom) and node.module == "os"
    names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) and imported else set()
    return dotted(node) in {"os.environ", "os.getenv", "os.environb"} or bool(names & {"environ", "getenv"})


TIME_READERS = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    "time.perf_counter_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today",
}  # fmt: skip


def reads_time(node: ast.AST) -> bool:
    from_time = isinstance(node, ast.ImportFrom) and node.module == "time"
    names = {f"time.{alias.name}" for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
    return dotted(node) in TIME_READERS or (from_time and bool(names & TIME_READERS))


def commits(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


REDIS_COMMANDS = frozenset(
    [
        "xadd",
        "xread",
        "xreadgroup",
        "xrange",
        "xrevrange",
        "xtrim",
        "xack",
        "xlen",
        "xgroup_create",
        "xinfo_stream",
        "xautoclaim",
        "publish",
        "subscribe",
        "psubscribe",
        "unsubscribe",
        "hset",
        "hget",
        "hgetall",
        "hmget",
        "hdel",
        "getrange",
        "setrange",
        "setex",
        "incr",
        "incrby",
        "expire",
        "pexpire",
        "zadd",
        "zrange",
        "sadd",
        "srem",
        "smembers",
        "lpush",
        "rpush",
        "brpop",
        "lrange",
    ]
)


def prefixes_of_keys() -> tuple[str, ...]:
    members = [member for _, member in inspect.getmembers(keys, inspect.isfunction)]
    shapes = [m(**dict.fromkeys(inspect.signature(m).parameters, "\0")) for m in members]
    return tuple({shape.partition(":")[0] + ":" for shape in shapes if "\0" in shape})


def spells_a_key(node: ast.AST) -> bool:
    """A literal given to a Redis command, or an f-string that begins like a key of core.keys."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        literal = isinstance(node.args[0], ast.JoinedStr) or (
            isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        )
        return node.func.attr in REDIS_COMMANDS and literal
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        return str(node.values[0].value).endswith(prefixes_of_keys()) and len(node.values) == 2
    return False


def swaps_axes(node: ast.AST) -> bool:
    """Longitude written before latitude in one tuple, list or call."""
    items: list[ast.expr] = []
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        items = node.elts
    elif isinstance(node, ast.Call):
        items = node.args
    names = [dotted(item).rpartition(".")[2] for item in items]
    axes = [axis[2] for axis in (re.search(r"(^|_)(lat|lng|lon)(_|s?$)", name) for name in names) if axis]
    # (lat, lng, lat, lng) of two places is in order: only what comes first counts
    return len(axes) > 1 and axes[0] != "lat" and axes[1] == "lat"


RULES: dict[str, tuple[Finder, tuple[str, ...]]] = {
    "the environment is read by core/settings": (reads_environment, ("core/settings/reading.py",)),
    "the time is read by core/clock": (reads_time, ("core/clock.py",)),
    "transactions are committed by core/database": (commits, ("core/database/", "steppe/migrations/env.py")),
    "Redis keys are spelled by core/keys": (spells_a_key, ("core/keys.py",)),
    "lat and lng are swapped by geofences/geo": (swaps_axes, ("geofences/geo.py", "geofences/geo/")),
}


@pytest.mark.xdist_group("house")  # the sources are read once
@pytest.mark.parametrize("rule", RULES)
def test_only_the_owner_does_it(rule: str) -> None:
    finder, owners = RULES[rule]
    assert found(finder, owners) == [], rule


@pytest.mark.parametrize(
    ("finder", "source"),
    [
        (reads_environment, "x = os.environ['A']"),
        (reads_environment, "from os import getenv"),
        (reads_time, "datetime.now(UTC)"),
        (reads_time, "from time import monotonic"),
        (commits, "await session.commit()"),
        (spells_a_key, "client.xadd('telemetry', {})"),
        (spells_a_key, "key = f'telemetry:{partition}'"),
        (swaps_axes, "Point(place.lng, place.lat)"),
        (swaps_axes, "[lng, lat]"),
    ],
)
def test_the_lint_sees_what_it_is_for(finder: Finder, source: str) -> None:
    assert any(finder(node) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    ("finder", "source"),
    [
        (reads_time, "clock.now()"),
        (commits, "tx.execute(commit)"),
        (spells_a_key, "client.xadd(keys.telemetry(1), {})"),
        (spells_a_key, "message = f'state: {state}'"),
        (swaps_axes, "[lat, lng]"),
        (swaps_axes, "distance_m(lat, lng, other_lat, other_lng)"),
    ],
)
def test_the_lint_leaves_the_rest_alone(finder: Finder, source: str) -> None:
    assert not any(finder(node) for node in ast.walk(ast.parse(source)))


def files_to_read() -> Iterator[Path]:
    yield from sources(*PACKAGES, "tests", "benchmarks", "scripts")
    for pattern in ("*.ts", "*.svelte", "*.css"):
        yield from (ROOT / "dashboard/web/src").rglob(pattern)


def is_generated(path: Path) -> bool:
    return path.name.endswith(".d.ts") or path.read_text().startswith("// Generated by ")


def test_no_file_is_longer_than_anybody_reads() -> None:
    written_by_hand = (path for path in files_to_read() if not is_generated(path))
    lengths = {relative(path): len(path.read_text().splitlines()) for path in written_by_hand}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_file_is_called_after_nothing() -> None:
    assert [relative(path) for path in files_to_read() if FORBIDDEN_NAMES.match(path.stem)] == []


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_simulator_knows_the_wire_and_nothing_else_of_ours() -> None:
    foreign = {
        f"{relative(path)} imports {name}"
        for path in sources("simulator")
        for name in imported_modules(path)
        if name.split(".")[0] in SERVER and not name.startswith("fleet.links.wire")
    }
    assert foreign == set()


def test_the_wire_needs_the_standard_library_msgspec_and_numpy_only() -> None:
    ours = {
        f"{relative(path)} imports {name}"
        for path in sources("fleet/links/wire")
        for name in imported_modules(path)
        if name.split(".")[0] in (*PACKAGES, "sqlalchemy", "litestar", "redis", "pydantic", "websockets")
        and not name.startswith("fleet.links.wire")
    }
    assert ours == set()
