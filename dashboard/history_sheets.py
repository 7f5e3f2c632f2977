"""History for screens: columns instead of a thousand objects, exports on record."""

from collections.abc import AsyncIterator

import msgspec
import numpy as np

from core import audit
from core.auth.principal import Principal, Reach, reach_of
from core.errors import Invalid
from dashboard.parts import DashboardParts
from dashboard.schemas.history import ExportAsked, PositionColumns, ReplayView, gap_view
from fleet.history.exports import ExportFormat
from fleet.history.replay import Replay
from fleet.history.spans import Span, span_of
from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8
from fleet.live.mirror import Box
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import CONTROL_MODES


async def read_replay(replay: Replay, reach: Reach, vehicle_no: int, span: Span, points: int) -> ReplayView:
    """Return one vehicle over a span; raise NotFound for one that is not within the reach."""
    found = await replay.vehicle(reach, vehicle_no, span, points=points)
    return ReplayView(
        vehicle_no=vehicle_no,
        from_ms=span.from_ms,
        to_ms=span.to_ms,
        level=found.level,
        is_cut=found.is_cut,
        gaps=tuple(gap_view(gap) for gap in found.gaps),
        positions=columns_of(found.positions),
    )


async def begin_export(
    parts: DashboardParts, replay: Replay, principal: Principal, asked: ExportAsked
) -> AsyncIterator[str]:
    """Put an export on record and return its text, piece by piece; what is refused is so before the first."""
    span, box = span_of(asked.from_ms, asked.to_ms), box_of(asked.bbox)
    format_ = ExportFormat(asked.format)
    pieces = replay.exported(reach_of(principal), format_, span, vehicles=asked.vehicles, box=box)
    first = await anext(pieces)
    about = {name: value for name, value in msgspec.to_builtins(asked).items() if name != "reason"}
    async with parts.database.write() as tx:
        await audit.record(
            tx,
            principal,
            "history.exported",
            "history:positions",
            about,
            asked.reason.strip(),
            at=parts.clock.now(),
        )
    return _behind(first, pieces)


async def _behind(first: str, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for text in pieces:
        yield text


def columns_of(records: Records) -> PositionColumns:
    """Return positions in the api's words."""
    battery, accuracy = records["battery_200"].tolist(), records["accuracy_dm"].tolist()
    return PositionColumns(
        vehicle_no=records["vehicle_no"].tolist(),
        measured_at_ms=records["measured_ms"].tolist(),
        lat=np.round(records["lat_e7"] * 1e-7, 7).tolist(),
        lng=np.round(records["lng_e7"] * 1e-7, 7).tolist(),
        speed_mps=(records["speed_cm_s"] / 100).tolist(),
        heading_deg=(records["heading_256"] * (360 / 256)).tolist(),
        battery_ratio=[None if value == UNKNOWN_U8 else value / 200 for value in battery],
        control_mode=[CONTROL_MODES[mode] for mode in (records["mode_flags"] & MODE_MASK).tolist()],
        accuracy_m=[None if value == UNKNOWN_U8 else value / 10 for value in accuracy],
    )


def box_of(text: str | None) -> Box | None:
    """Return the box of a query; raise Invalid for one that is none."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return Box(west, south, east, north)
    except ValueError as error:
        raise Invalid(
            "invalid-input", f"bbox is west,south,east,north in degrees: {error}", field="bbox"
        ) from None
