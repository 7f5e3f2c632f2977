"""Who breaks what and when: a plan drawn from a seed, and its execution."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Fault:
    """At `at_s` after the start `target` is killed, or restarted to die at a crash point."""

    at_s: float
    target: str
    point: str | None = None
    after: int = 0

    def __str__(self) -> str:
        how = f"dies at {self.point} (passed {self.after} times)" if self.point else "is killed"
        return f"{self.at_s:6.1f} s  {self.target} {how}"


class Killer(Protocol):
    """What the nemesis acts on."""

    async def kill(self, name: str) -> None: ...

    async def restart_armed(self, name: str, point: str, after: int) -> None: ...


def plan(
    seed: int,
    duration_s: float,
    targets: Sequence[str],
    points: Mapping[str, Sequence[str]],
    *,
    pause_s: tuple[float, float] = (1.5, 4.0),
) -> list[Fault]:
    """Return the faults of a run: every (process, crash point) once, in an order drawn by lot, and plain
    kills between them until the time is over."""
    dice = random.Random(seed)
    armed = [(target, point) for target, names in points.items() for point in names]
    dice.shuffle(armed)
    faults: list[Fault] = []
    at_s = dice.uniform(*pause_s)
    while at_s < duration_s:
        if armed and dice.random() < 0.6:
            target, point = armed.pop()
            faults.append(Fault(at_s, target, point, dice.randrange(4)))
        else:
            faults.append(Fault(at_s, dice.choice(targets)))
        at_s += dice.uniform(*pause_s)
    return faults


async def execute(faults: Sequence[Fault], killer: Killer) -> None:
    """Carry the plan out, at its times."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for fault in faults:
        await asyncio.sleep(max(0.0, began + fault.at_s - loop.time()))
        if fault.point is None:
            await killer.kill(fault.target)
        else:
            await killer.restart_armed(fault.target, fault.point, fault.after)
