"""The names of states and kinds that the pages show are those of the server packages."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

WEB = Path(__file__).parents[3] / "dashboard" / "web"


@pytest.fixture(scope="module")
def names() -> ModuleType:
    spec = importlib.util.spec_from_file_location("web_names", WEB / "scripts" / "names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("number", "locale"), [(0, "zh"), (1, "en")], ids=["zh", "en"])
def test_names_of_the_pages_are_current(names: ModuleType, number: int, locale: str) -> None:
    """Out of date: run dashboard/web/scripts/names.py with the project's Python."""
    assert (WEB / "src" / "i18n" / f"names.{locale}.ts").read_text() == names.render(number)


def test_every_name_stands_in_both_languages(names: ModuleType) -> None:
    empty = [
        (table, word)
        for table, pairs in names.tables().items()
        for word, pair in pairs.items()
        if not all(pair)
    ]
    assert empty == []
