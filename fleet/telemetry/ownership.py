"""Which partitions this tracker owns: SQL leases with a fencing epoch, shared out among live trackers."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update

from core.clock import Clock
from core.database import Database, Transaction
from core.leases import acquire, leases, release
from fleet.telemetry.facts import lease_name

RENEW_THIRDS: Final = 3
"""Leases are renewed three times in their life."""
_SEAT: Final = "tracker-seat-"


class Ownership:
    """The leases of one tracker. ``look`` touches SQL; between looks ``owned`` holds."""

    def __init__(
        self, database: Database, clock: Clock, holder: str, *, partitions: int, ttl_s: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._partitions = partitions
        self._ttl_s = ttl_s
        self.owned: dict[int, int] = {}
        """Partition → epoch."""
        self._asked_s = float("-inf")

    def is_due(self) -> bool:
        """Say whether it is time to look again."""
        return self._clock.monotonic_s() - self._asked_s >= self._ttl_s / RENEW_THIRDS

    def may_have_lapsed(self) -> bool:
        """Say whether the last look is so old that another tracker may own the partitions."""
        return self._clock.monotonic_s() - self._asked_s >= self._ttl_s

    async def look(self) -> tuple[dict[int, int], set[int]]:
        """Renew what is ours, take what is free up to our share, give back what is above it.

        Return (gained partition → epoch, lost partitions). Raises Unavailable when SQL is away.
        """
        asked_s = self._clock.monotonic_s()
        at = self._clock.wall()
        async with self._database.write() as tx:
            await self._sit(tx)
            share = -(-self._partitions // max(1, await self._trackers(tx)))
            kept = await self._renew(tx)
            for partition in sorted(kept)[share:]:
                await release(tx, lease_name(partition), self._holder, kept.pop(partition), at=at)
            gained = await self._take(tx, kept, share)
        lost = set(self.owned) - set(kept)
        self.owned = kept | gained
        self._asked_s = asked_s
        return gained, lost

    async def _renew(self, tx: Transaction) -> dict[int, int]:
        """Renew what is still ours in one statement and return it: partition → epoch."""
        names = {lease_name(partition): partition for partition in self.owned}
        renewed = await tx.execute(
            update(leases)
            .where(leases.c.name.in_(sorted(names)), leases.c.holder == self._holder)
            .values(expires_at=self._clock.wall() + timedelta(seconds=self._ttl_s))
            .returning(leases.c.name, leases.c.epoch)
        )
        found = {names[row.name]: int(row.epoch) for row in renewed}
        return {partition: epoch for partition, epoch in found.items() if self.owned[partition] == epoch}

    async def _sit(self, tx: Transaction) -> None:
        """Say that this tracker lives, so that the others leave it its share."""
        name = f"{_SEAT}{self._holder}"
        await acquire(tx, name, self._holder, at=self._clock.wall(), ttl_s=self._ttl_s)

    async def _trackers(self, tx: Transaction) -> int:
        seats = await tx.execute(
            select(func.count())
            .select_from(leases)
            .where(leases.c.name.startswith(_SEAT), leases.c.expires_at > self._clock.wall())
        )
        return int(seats.scalar_one())

    async def _take(self, tx: Transaction, kept: dict[int, int], share: int) -> dict[int, int]:
        gained: dict[int, int] = {}
        at = self._clock.wall()
        held = await tx.execute(
            select(leases.c.name, leases.c.holder).where(
                leases.c.name.startswith("telemetry-"), leases.c.expires_at > at
            )
        )
        taken = {row.name for row in held if row.holder != self._holder}
        for partition in range(self._partitions):
            if len(kept) + len(gained) >= share:
                break
            if partition in kept or lease_name(partition) in taken:
                continue
            epoch = await acquire(tx, lease_name(partition), self._holder, at=at, ttl_s=self._ttl_s)
            if epoch is not None:
                gained[partition] = epoch
        return gained

    async def give_back(self) -> None:
        """Release everything, so that another tracker need not wait. Raises Unavailable."""
        at = self._clock.wall()
        owned, self.owned = self.owned, {}
        async with self._database.write() as tx:
            for partition, epoch in owned.items():
                await release(tx, lease_name(partition), self._holder, epoch, at=at)
            seat = f"{_SEAT}{self._holder}"
            epoch_of_seat = await acquire(tx, seat, self._holder, at=at, ttl_s=0)
            if epoch_of_seat is not None:
                await release(tx, seat, self._holder, epoch_of_seat, at=at)
