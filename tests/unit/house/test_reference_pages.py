"""The generated pages of docs/ say what the code says."""

from pathlib import Path

import msgspec
import pytest

from benchmarks import report
from core.settings import Settings, variables
from steppe.reference import PAGES, settings_page

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_the_benchmarks_page_says_what_the_result_files_say() -> None:
    assert report.PAGE.read_text() == report.page(), "run `make docs`"


def test_every_setting_has_its_line() -> None:
    page = settings_page()
    assert [name for name in variables() if f"`{name}`" not in page] == []
    assert len(msgspec.structs.fields(Settings)) > 10
