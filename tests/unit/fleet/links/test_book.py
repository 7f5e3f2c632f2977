"""Which link speaks for a vehicle."""

import tracemalloc
from dataclasses import dataclass

from fleet.links.book import LinkBook
from fleet.links.wire.messages import Command, ToVehicle


@dataclass
class Link:
    """A listener that only notes that it was replaced."""

    session: str
    replaced: int = 0

    def tell(self, message: ToVehicle) -> None:
        raise AssertionError(message)

    def carry(self, command: Command, *, at_once: bool = False) -> bool:
        raise AssertionError(command, at_once)

    def replace(self) -> None:
        self.replaced += 1


def test_the_newest_link_speaks_for_a_vehicle_and_one_that_lost_its_last_is_closed() -> None:
    book, old, new = LinkBook(), Link("old"), Link("new")
    book.add(old, [7, 5_000])
    book.add(new, [7])
    assert (book.of(7), book.of(5_000), old.replaced) == (new, old, 0)
    book.add(new, [7, 5_000])
    assert (book.of(5_000), old.replaced, new.replaced) == (new, 1, 0)
    assert book.vehicles() == [7, 5_000]


def test_a_link_that_goes_takes_only_the_vehicles_along_that_are_still_its_own() -> None:
    book, old, new = LinkBook(), Link("old"), Link("new")
    book.add(old, [1, 2, 2])
    book.add(new, [2])
    book.remove(old, [1, 2])
    assert (book.of(1), book.of(2), list(book), len(book)) == (None, new, [new], 1)
    book.remove(old, [2])
    assert book.of(2) is new


def test_vehicles_that_were_never_named_have_no_link() -> None:
    book = LinkBook()
    book.add(Link("one"), [3])
    assert [book.of(number) for number in (-1, 0, 2, 4, 1_000_000)] == [None] * 5


def test_a_city_of_vehicles_takes_a_column() -> None:
    book = LinkBook()
    tracemalloc.start()
    try:
        for maker in range(200):
            book.add(Link(str(maker)), range(maker * 500 + 1, maker * 500 + 501))
        assert tracemalloc.get_traced_memory()[0] < 1_500_000
    finally:
        tracemalloc.stop()
    assert len(book.vehicles()) == 100_000
