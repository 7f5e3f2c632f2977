"""Who is told what of a tick: equal screens are told the same, and what they are told is worked out once."""

from collections.abc import Collection
from typing import Any, Final

from numpy.typing import NDArray

from fleet.live.aggregates import COARSEST, MOST_CELLS, Aggregate, resolution_for
from fleet.live.cells import CellBook
from fleet.live.changes import Changes
from fleet.live.client import Delta, LiveClient, View
from fleet.live.mirror import Mirror
from fleet.live.reach import ReachMask
from fleet.live.subscription import Form, Mode, form_of

CELLS_EVERY_S: Final = 1.0
"""Counts change slowly to the eye: once a second is what a screen is told of them."""
JUDGE_EVERY_S: Final = 5.0
"""How often a screen in mode auto is judged again, whose view has filled or emptied."""

type Numbers = NDArray[Any]


class Fanout:
    """Views, cells and forms of the screens of one hub. Cells are kept only while somebody may need them."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.book = CellBook()
        self.aggregates: dict[tuple[ReachMask, int], Aggregate] = {}
        self._is_kept = False
        self._cells_due_s = 0.0
        self._judge_due_s = 0.0

    @property
    def counts_cells(self) -> bool:
        """Return whether somebody may need cells."""
        return self._is_kept

    def place(self, client: LiveClient) -> None:
        """Decide what a client is given, vehicles or cells, and of which size."""
        wanted = client.subscription
        if not wanted.wants_vehicles or wanted.mode is Mode.VEHICLES:
            client.show(Form.VEHICLES, None)
            return
        self._keep_cells()
        resolution = resolution_for(wanted.zoom)
        aggregate = self._aggregate(client.mask, resolution)
        before = client.form if client.aggregate is not None else None
        form = form_of(wanted.mode, wanted.zoom, aggregate.vehicles_in(wanted.box), before)
        if form is Form.CELLS:
            while resolution > COARSEST and len(aggregate.shown_in(wanted.box)) > MOST_CELLS:
                resolution -= 1
                aggregate = self._aggregate(client.mask, resolution)
        client.show(form, aggregate)

    def flush(self, clients: Collection[LiveClient], numbers: Numbers, now_s: float) -> None:
        """Tell the clients of the vehicles that changed in this tick."""
        watching = [client for client in clients if client.wants_vehicles]
        counted = [client for client in watching if client.aggregate is not None]
        self._count(counted, numbers)
        if now_s >= self._judge_due_s:
            self._judge_due_s = now_s + JUDGE_EVERY_S
            for client in counted:
                if client.subscription.mode is Mode.AUTO:
                    self.place(client)
        if now_s >= self._cells_due_s:
            self._cells_due_s = now_s + CELLS_EVERY_S
            for client in counted:
                if client.form is Form.CELLS:
                    client.mark_cells()
        self._tell_vehicles([client for client in watching if client.form is Form.VEHICLES], numbers)

    def _tell_vehicles(self, clients: Collection[LiveClient], numbers: Numbers) -> None:
        deltas: dict[View, Delta] = {}
        changes = Changes(numbers, self._mirror)
        for client in clients:
            client.follow_mask()
            view = client.view
            if view not in deltas:
                deltas[view] = Delta(client.seen_of(changes.near(client.subscription.box), self._mirror))
            client.mark(deltas[view], self._mirror)

    def _keep_cells(self) -> None:
        if not self._is_kept:
            self._is_kept = True
            self.book.take(self._mirror.records, self._mirror.known())

    def _count(self, counted: Collection[LiveClient], numbers: Numbers) -> None:
        """Follow the vehicles into their cells; without a screen that needs them, forget the counts."""
        used = {(one.mask, one.aggregate.resolution) for one in counted if one.aggregate is not None}
        self.aggregates = {key: one for key, one in self.aggregates.items() if key in used}
        if not used:
            self._is_kept = False
            return
        moves = self.book.take(self._mirror.records, numbers)
        for aggregate in self.aggregates.values():
            aggregate.take(moves)

    def _aggregate(self, mask: ReachMask, resolution: int) -> Aggregate:
        found = self.aggregates.get((mask, resolution))
        if found is None:
            found = self.aggregates[mask, resolution] = Aggregate(mask, resolution, self.book)
        return found
