"""What makers and staff are shown of data quality: scores of two windows, the worst vehicles, samples."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from core import keys
from core.ids import MakerId, VehicleNo
from core.redis import Redis
from fleet.quality.samples import REASONS, Sample
from fleet.quality.score import Quality, quality_of, scores
from fleet.quality.tallies import Tallies
from fleet.quality.windows import Sums, Windows, read_windows, row_of

WORST_MOST: Final = 100


class VehicleQuality(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle in both windows, of which `day` is the last 24 to 28 hours, and on the running day."""

    vehicle_no: VehicleNo
    five_minutes: Quality
    day: Quality
    today: Quality


class MakerQuality(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One maker in both windows, and on the running city day."""

    maker: MakerId
    five_minutes: Quality
    day: Quality
    today: Quality


class QualityReader:
    """Reads what the keeper wrote. Raises what Redis raises."""

    def __init__(self, plain: Redis) -> None:
        """Take where windows and samples are."""
        self._redis = plain

    async def windows(self) -> "ShownWindows":
        """Return both windows as they are now; empty ones before the first minute."""
        data: Any = await self._redis.get(keys.quality_windows())
        return ShownWindows(read_windows(data))

    async def samples(self, maker: MakerId) -> list[Sample]:
        """Return the newest samples of every reason, newest first within a reason."""
        pipe = self._redis.pipeline(transaction=False)
        for reason in REASONS:
            pipe.lrange(keys.quality_samples(maker, reason), 0, -1)
        return [msgspec.json.decode(text, type=Sample) for texts in await pipe.execute() for text in texts]


class ShownWindows:
    """The two windows, to be asked about makers and vehicles."""

    def __init__(self, windows: Windows) -> None:
        self._short, self._long, self._today = windows.short(), windows.long(), windows.today
        self.counted_ms = max((minute.at_ms for minute in windows.recent), default=None)
        """City ms of the newest count of the last five minutes; None when nothing was counted in them."""
        self._of: Mapping[str, Tallies] = {
            "short": self._short.tallies(),
            "long": self._long.tallies(),
            "today": self._today.tallies(),
        }

    def maker(self, maker: MakerId) -> MakerQuality:
        """Return a maker's scores; 1 when it sent nothing."""
        return MakerQuality(
            maker=maker,
            five_minutes=_of_maker(self._short, maker),
            day=_of_maker(self._long, maker),
            today=_of_maker(self._today, maker),
        )

    def makers(self) -> list[MakerQuality]:
        """Return every maker that sent something, by name."""
        return [self.maker(MakerId(name)) for name in sorted({*self._short.makers, *self._long.makers})]

    def vehicle(self, vehicle_no: VehicleNo) -> VehicleQuality:
        """Return a vehicle's scores; 1 when there is nothing to say about it."""
        return VehicleQuality(
            vehicle_no=vehicle_no,
            five_minutes=quality_of(self._of["short"].row(vehicle_no)),
            day=quality_of(self._of["long"].row(vehicle_no)),
            today=quality_of(self._of["today"].row(vehicle_no)),
        )

    def numbers(self) -> list[VehicleNo]:
        """Return the vehicles about which there is something to say, the worst of the day first."""
        tallies = self._of["long"]
        order = scores(tallies.counts).argsort(kind="stable")
        return [VehicleNo(number) for number in tallies.numbers[order].tolist()]

    def worst(self, among: Collection[VehicleNo]) -> list[VehicleQuality]:
        """Return the worst of these vehicles, at most 100, the worst of the day first."""
        chosen = [number for number in self.numbers() if number in among][:WORST_MOST]
        return [self.vehicle(number) for number in chosen]


def _of_maker(sums: Sums, maker: MakerId) -> Quality:
    return quality_of(row_of(sums, maker))
