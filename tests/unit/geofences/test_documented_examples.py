"""The examples of docs/fences.md are run as they stand."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "fences.md"


def test_the_examples_of_the_page_give_what_it_says() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried >= 10
