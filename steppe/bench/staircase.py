"""The highest rate that is sustained: one city whose vehicles send faster step by step until it falls behind.

The gateway's profile lets each vehicle send that fast; everything else of the city is as it always is.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from steppe.bench.machine import calibration_ms, description
from steppe.bench.run import Progress, Reading, Run, ticks_between
from steppe.bench.scrape import Samples, rise
from steppe.bench.servers_started import SERVERS, BenchError, Started

LAG_MOST_S: Final = 1.0
ARCHIVE_BEHIND_MOST_S: Final = 15.0
"""The archiver closes a file every 10 s; what is younger is on its way."""
COUNTED_WITHIN_S: Final = 2.0
"""The tracker counts once a second what it believed."""


class Staircase(Run):
    """One world, measured at each of its ``steps_hz`` until one is not sustained."""

    def result(self) -> dict[str, Any]:
        """Return the highest rate that was sustained, and every step. Raises BenchError."""
        at = self._clock.wall().isoformat(timespec="seconds")
        found: dict[str, Any] = {"at": at, "machine": description(), "calibrationMs": [calibration_ms()]}
        self._watch(Progress(phase="starting"))
        with Started(self._world, self._folder, SERVERS, self._profiled) as started, started.load() as load:
            try:
                steps = self._climb(started, load)
            finally:
                load.kill()
        found["calibrationMs"].append(calibration_ms())
        best = max((step for step in steps if step["isSustained"]), key=_rate, default=None)
        return found | {
            "vehicles": self._world.vehicles,
            "fences": self._world.fences,
            "dashboards": self._world.screens,
            "positionsPerS": best["positionsPerS"] if best else 0,
            "hz": best["hz"] if best else 0.0,
            "fellBehind": not steps[-1]["isSustained"],
            "steps": steps,
        }

    def _climb(self, started: Started, load: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
        pids = {name: process.pid for name, process in started.processes.items()} | {"load": load.pid}
        steps: list[dict[str, Any]] = []
        before, hz, sent, refused = None, 0.0, 0, 0
        for line in load.stdout or ():
            said = json.loads(line)
            started.must_live()
            match said["type"]:
                case "opening":
                    self._watch(Progress(phase="opening links", links=said["links"]))
                case "settling":
                    self._watch(Progress(phase=f"settling: {said['facts']:.0f} facts wait for SQL"))
                case "unsettled":
                    raise BenchError(
                        f"{said['facts']:.0f} facts still wait for SQL after {said['after_s']:.0f} s"
                    )
                case "measuring":
                    before, hz = self._read(pids, started.world.metrics), said["hz"]
                    sent, refused = said["sent"], said["refused"]
                    self._memory.clear()
                case "progress" if before is not None:
                    self._show(said | {"sent": said["sent"] - sent}, before, pids)
                case "measured" if before is not None:
                    after = self._read(pids, started.world.metrics)
                    step = self._step(before, after, said["sent"] - sent, said["refused"] - refused, hz)
                    steps.append(step)
                    if not step["isSustained"] or len(steps) == len(self._world.steps_hz):
                        return steps
        raise BenchError(f"the load ended too early: {started.last_words('load')}")

    def _step(self, before: Reading, after: Reading, sent: int, refused: int, hz: float) -> dict[str, Any]:
        took_s = after.at_s - before.at_s
        wanted = self._world.vehicles * hz
        ticks = ticks_between(before.metrics["tracker"], after.metrics["tracker"])
        found = {
            "hz": hz,
            "wantedPerS": round(wanted),
            "positionsPerS": round(sent / took_s),
            "measuredS": round(took_s, 1),
            "refused": refused,
            "coreShare": {
                name: round((after.cpu[name] - cpu) / took_s, 3) for name, cpu in before.cpu.items()
            },
            "machineBusyShare": after.busy.share_since(before.busy),
            "memoryMb": self._memory[-1] if self._memory else {},
            "archiveBehindS": round(_archive_behind(after.metrics) / wanted, 1),
            "believedPerS": round(ticks["believed"] / took_s),
            "tracker": ticks,
        }
        return found | {"fallsBehindBy": (why := falls_behind_by(found)), "isSustained": not why}


def falls_behind_by(step: Mapping[str, Any]) -> list[str]:
    """Return what keeps a step from being sustained: nothing, when all was sent, taken, judged and stored."""
    ticks, sent = step["tracker"], step["positionsPerS"] * step["measuredS"]
    reasons = {
        "not all was sent": step["positionsPerS"] < 0.98 * step["wantedPerS"],
        "some was refused": step["refused"] > 0,
        "not all was judged": ticks["believed"] + COUNTED_WITHIN_S * step["wantedPerS"] < 0.99 * sent,
        "the tracker lags": ticks["lagS"] >= LAG_MOST_S,
        "the archiver lags": step["archiveBehindS"] > ARCHIVE_BEHIND_MOST_S,
    }
    return [reason for reason, holds in reasons.items() if holds]


def _archive_behind(metrics: Mapping[str, Samples]) -> float:
    accepted = rise({}, metrics["gateway"], "steppe_positions_accepted_total")
    return accepted - rise({}, metrics["archiver"], "steppe_history_positions_total")


def _rate(step: Mapping[str, Any]) -> float:
    return float(step["positionsPerS"])
