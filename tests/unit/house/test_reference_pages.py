"""The generated pages of docs/ say what the code says."""

from pathlib import Path

import msgspec
import pytest

from core.settings import Settings, variables
from steppe.reference import PAGES, settings_page

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_setting_has_its_line() -> None:
    page = settings_page()
    assert [name for name in variables() if f"`{name}`" not in page] == []
    assert len(msgspec.structs.fields(Settings)) > 10
