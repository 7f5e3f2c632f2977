"""The tiny city behind a real api process, once for all tests that knock at it from outside."""

from collections.abc import Iterator

import pytest

from tests.integration.steppe.served import ServedCity, serve


@pytest.fixture(scope="session")
def served_city() -> Iterator[ServedCity]:
    """The api over SQLite; tests that use it share a worker (`xdist_group("served-city")`)."""
    with serve() as city:
        yield city
