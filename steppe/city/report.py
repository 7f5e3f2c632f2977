"""What a load did, counted by noun."""

from typing import Literal

import msgspec

type Outcome = Literal["created", "updated", "unchanged", "retired"]


class Counts(msgspec.Struct, kw_only=True):
    """How many things of a noun a load made, changed, left alone and took out of use."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0


class LoadReport(msgspec.Struct, kw_only=True):
    """What a load did. A second load of the same pack counts everything as unchanged."""

    city: str
    is_built_anew: bool
    """Whether roads and tiles were made now rather than found."""
    counts: dict[str, Counts] = msgspec.field(default_factory=dict)

    def count(self, noun: str, outcome: Outcome, number: int = 1) -> None:
        """Add to a count; a noun is listed from its first mention, in that order."""
        counts = self.counts.setdefault(noun, Counts())
        setattr(counts, outcome, getattr(counts, outcome) + number)

    @property
    def is_unchanged(self) -> bool:
        """Return whether the load found everything as it should be."""
        return all(not (c.created or c.updated or c.retired) for c in self.counts.values())

    def lines(self) -> list[str]:
        """Return one line for each noun, for people."""
        width = max((len(noun) for noun in self.counts), default=0)
        return [f"{noun:<{width}}  {_words(counts)}" for noun, counts in self.counts.items()]


def _words(counts: Counts) -> str:
    said = [f"{number} {name}" for name, number in msgspec.structs.asdict(counts).items() if number]
    return ", ".join(said) or "none"
