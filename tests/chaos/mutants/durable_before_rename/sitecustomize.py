"""Mutant: the archiver says that it is durable, and lets the stream go, before the file stands."""

from fleet.history.archiver import Archiver

_flush = Archiver._flush


async def _told_first(self: Archiver) -> None:
    written = self._written
    if self._up_to != written:
        self._written = dict(self._up_to)
        await self._publish()
        self._written = written
    await _flush(self)


Archiver._flush = _told_first  # type: ignore[method-assign]
