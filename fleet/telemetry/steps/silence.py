"""Who is silent on duty, alone or with many others of one cause, in a known radio hole or not."""

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.radio_holes import RadioHoles
from fleet.telemetry.roster import longer
from fleet.telemetry.silence_groups import GroupLimits, grouped, is_over
from fleet.telemetry.steps.liveness import (
    AREA_DOWN,
    HIBERNATING,
    MAKER_DOWN,
    OFFLINE,
    RADIO_HOLE,
    LivenessStep,
    last_cells,
)
from fleet.telemetry.tick import Numbers, Tick
from geofences.cover import cells_of, parents

AREA_RESOLUTION: Final = 7
"""H3 cells of 1.2 km edge: about what one mobile base station serves."""
LATELY_MS: Final = 300_000
"""Vehicles heard within this should be heard now; one that has been off for longer proves nothing."""
_REASON_OF: Final = {AlarmKind.MAKER_SILENT: MAKER_DOWN, AlarmKind.AREA_SILENT: AREA_DOWN}

type Mask = NDArray[np.bool_]


class Group(NamedTuple):
    """What a group's vehicles have in common: a maker's number or an H3 cell."""

    kind: AlarmKind
    key: int


class Silent(msgspec.Struct, frozen=True):
    """What is to be said of one vehicle."""

    kind: AlarmKind
    number: int
    cause: str
    details: dict[str, str | int | float | bool | None]


class SilenceJudge:
    """Keeps which silent vehicle belongs to which group. Looks at silent vehicles once a second, and at
    those that were heard only when something of theirs stands."""

    def __init__(self, size: int, liveness: LivenessStep, limits: GroupLimits, wait_s: float) -> None:
        """Take how long a silence waits for others before it is an alarm of its own, city seconds."""
        self._liveness = liveness
        self._limits = limits
        self._wait_ms = round(wait_s * 1000)
        self._offline_since_ms: dict[int, int] = {}
        self._group_of: dict[int, Group] = {}
        self._members: dict[Group, int] = {}
        self._cut_ms: dict[Group, int] = {}
        """When the vehicles of a group that is a part of its maker's were last heard: of one link."""
        self._own: set[int] = set()
        self._stands = np.zeros(size, np.bool_)
        """Vehicles in ``_own`` or ``_group_of``: what a tick asks of those it heard."""
        self._recalled: list[tuple[int, AlarmKind]] = []
        self.holes = RadioHoles()

    def judge(self, tick: Tick) -> tuple[list[Silent], list[Silent]]:
        """Return (raised, cleared) as of this tick; call it when silence is due."""
        roster, live = tick.roster, tick.live
        self._settle(tick)
        cleared = self.heard(tick)
        is_silent = (self._liveness.connection == OFFLINE) & (live.state["vehicle_no"] != 0)
        numbers = np.flatnonzero(is_silent & roster.under_way[: len(is_silent)])
        cleared += self._no_longer_missing(tick, set(numbers.tolist()))
        raised = self._leave_groups(tick, cleared)
        waiting = np.array(
            [n for n in numbers.tolist() if n not in self._group_of and n not in self._own], np.intp
        )
        self._offline_since_ms = {n: self._offline_since_ms.get(n, tick.now_ms) for n in waiting.tolist()}
        if len(waiting):
            raised += self._judge_waiting(tick, waiting)
        return raised, cleared

    def heard(self, tick: Tick) -> list[Silent]:
        """Return what is over because its vehicle is heard again."""
        back = tick.heard[self._stands[tick.heard]]
        return [self._over(tick, number) for number in back.tolist()] if len(back) else []

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._stands):
            self._stands = longer(self._stands, size)

    def recall(self, numbers: Numbers, kind: AlarmKind) -> None:
        """Take over vehicles of which a silence stood; what they have in common is found at the next look."""
        self._recalled += [(number, kind) for number in numbers.tolist()]

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        for number in numbers[self._stands[numbers]].tolist():
            self._own.discard(number)
            self._group_of.pop(number, None)
        self._stands[numbers] = False

    def _settle(self, tick: Tick) -> None:
        recalled, self._recalled = self._recalled, []
        for number, kind in recalled:
            if kind is AlarmKind.OFFLINE_ON_DUTY:
                self._own.add(number)
                self._stands[number] = True
            elif kind is AlarmKind.MAKER_SILENT:
                self._join(number, Group(kind, int(tick.roster.maker[number])))
            else:
                [area] = parents(last_cells(tick, np.array([number])), AREA_RESOLUTION).tolist()
                self._join(number, Group(kind, area))

    def _no_longer_missing(self, tick: Tick, missing: set[int]) -> list[Silent]:
        """Return what is over because nobody expects the vehicle any more."""
        gone = {*self._own, *self._group_of} - missing
        return [self._over(tick, number) for number in sorted(gone)]

    def _over(self, tick: Tick, number: int) -> Silent:
        group = self._group_of.pop(number, None)
        self._own.discard(number)
        self._stands[number] = False
        tick.live.changed[number] = True
        if group is None:
            return Silent(AlarmKind.OFFLINE_ON_DUTY, number, "", {})
        return Silent(group.kind, number, _cause(tick, group), {})

    def _leave_groups(self, tick: Tick, cleared: list[Silent]) -> list[Silent]:
        """End groups whose common cause is over; who is silent still gets an alarm of its own."""
        raised: list[Silent] = []
        silent: dict[Group, list[int]] = {group: [] for group in self._members}
        for number, group in self._group_of.items():
            silent[group].append(number)
        for group, left in silent.items():
            members = self._members[group]
            if not is_over(members, len(left), self._limits):
                continue
            cause = _cause(tick, group)
            del self._members[group]
            self._cut_ms.pop(group, None)
            for number in left:
                cleared.append(self._over(tick, number))
                raised.append(self._alone(tick, number, {"after_group": cause}))
        return raised

    def _judge_waiting(self, tick: Tick, waiting: Numbers) -> list[Silent]:
        heard_ms = self._liveness.heard_ms[waiting]
        patience_ms = self.holes.patience_ms(last_cells(tick, waiting))
        in_hole = (patience_ms > 0) & (tick.now_ms - heard_ms < patience_ms)
        self._liveness.why[waiting[in_hole]] = RADIO_HOLE
        tick.live.changed[waiting[in_hole]] = True
        outside = waiting[~in_hole]
        raised = self._grouped(tick, outside)
        since = self._offline_since_ms
        for number in outside.tolist():
            if number not in self._group_of and tick.now_ms - since[number] >= self._wait_ms:
                was_in_hole = bool(patience_ms[waiting == number][0] > 0)
                raised.append(self._alone(tick, number, {"radio_hole": True} if was_in_hole else {}))
        return raised

    def _grouped(self, tick: Tick, waiting: Numbers) -> list[Silent]:
        if len(waiting) < self._limits.least:
            return self._joining(tick, waiting)
        heard_ms = self._liveness.heard_ms[waiting]
        lately = self._liveness.heard_ms >= tick.now_ms - LATELY_MS
        awake = np.flatnonzero(lately & (self._liveness.connection != HIBERNATING))
        makers = tick.roster.maker
        of_maker = np.bincount(makers[awake], minlength=int(makers.max()) + 1)
        by_maker = grouped(
            makers[waiting], heard_ms, lambda key: int(of_maker[key]), self._limits, many=self._limits.link
        )
        self._note_links(makers[waiting[by_maker]], heard_ms[by_maker], of_maker)
        for number in waiting[by_maker].tolist():
            self._join(number, Group(AlarmKind.MAKER_SILENT, int(makers[number])))
        raised = [self._member(tick, number) for number in waiting[by_maker].tolist()]
        rest, rest_ms = waiting[~by_maker], heard_ms[~by_maker]
        if len(rest) >= self._limits.least:
            raised += self._by_area(tick, rest, rest_ms, awake)
        return raised + self._joining(tick, waiting)

    def _by_area(
        self, tick: Tick, waiting: Numbers, heard_ms: NDArray[np.int64], awake: Numbers
    ) -> list[Silent]:
        """Group by place; cells are computed only of vehicles in the rooms of the silent ones."""
        areas = parents(last_cells(tick, waiting), AREA_RESOLUTION)
        near = awake[np.isin(tick.live.room[awake], np.unique(tick.live.room[waiting]))]
        place = tick.live.state[near]
        cells = parents(cells_of(place["lat_e7"] * 1e-7, place["lng_e7"] * 1e-7, 9), AREA_RESOLUTION)
        found, counts = np.unique(cells, return_counts=True)
        of_area = dict(zip(found.tolist(), counts.tolist(), strict=True))
        in_group = grouped(areas, heard_ms, lambda key: of_area.get(int(key), 0), self._limits)
        for number, area in zip(waiting[in_group].tolist(), areas[in_group].tolist(), strict=True):
            self._join(number, Group(AlarmKind.AREA_SILENT, area))
        return [self._member(tick, number) for number in waiting[in_group].tolist()]

    def _joining(self, tick: Tick, waiting: Numbers) -> list[Silent]:
        """Let vehicles of a maker whose group stands join it: they fell silent of the same cause, later."""
        raised: list[Silent] = []
        for number in waiting.tolist():
            group = Group(AlarmKind.MAKER_SILENT, int(tick.roster.maker[number]))
            if group in self._members and number not in self._group_of and self._is_cut_with(group, number):
                self._join(number, group)
                raised.append(self._member(tick, number))
        return raised

    def _note_links(
        self, makers: NDArray[np.uint16], heard_ms: NDArray[np.int64], of_maker: NDArray[np.int64]
    ) -> None:
        """Note which new groups are a link of their maker: fewer than the share that makes them all of it."""
        for maker in np.unique(makers).tolist():
            group, cut = Group(AlarmKind.MAKER_SILENT, maker), heard_ms[makers == maker]
            if len(cut) < self._limits.share * of_maker[maker]:
                self._cut_ms[group] = int(cut.max())
            else:
                self._cut_ms.pop(group, None)

    def _is_cut_with(self, group: Group, number: int) -> bool:
        """Say whether a silent vehicle of a maker was cut off with its group: of a link's, at its time."""
        cut_ms = self._cut_ms.get(group)
        within_ms = self._limits.within_s * 1000
        return cut_ms is None or abs(int(self._liveness.heard_ms[number]) - cut_ms) <= within_ms

    def _join(self, number: int, group: Group) -> None:
        self._group_of[number] = group
        self._members[group] = self._members.get(group, 0) + 1
        self._stands[number] = True
        self._liveness.why[number] = _REASON_OF[group.kind]

    def _member(self, tick: Tick, number: int) -> Silent:
        group = self._group_of[number]
        heard_ms = int(self._liveness.heard_ms[number])
        tick.live.changed[number] = True
        return Silent(group.kind, number, _cause(tick, group), {"last_heard_ms": heard_ms})

    def _alone(self, tick: Tick, number: int, said: dict[str, str | int | float | bool | None]) -> Silent:
        self._own.add(number)
        self._stands[number] = True
        tick.live.changed[number] = True
        heard_ms = int(self._liveness.heard_ms[number])
        return Silent(AlarmKind.OFFLINE_ON_DUTY, number, "", {"last_heard_ms": heard_ms, **said})


def _cause(tick: Tick, group: Group) -> str:
    if group.kind is AlarmKind.MAKER_SILENT:
        return tick.roster.makers.name(group.key)
    return f"{group.key:x}"
