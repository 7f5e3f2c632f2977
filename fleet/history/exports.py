"""History as CSV, GeoJSON and GPX 1.1: pieces of positions in, pieces of text out. Pure."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from fleet.history.summary import GAP_MS
from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import CONTROL_MODES


class ExportFormat(StrEnum):
    """What a history can be written as."""

    CSV = "csv"
    GEOJSON = "geojson"
    GPX = "gpx"


MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.GEOJSON: "application/geo+json",
    ExportFormat.GPX: "application/gpx+xml",
}
CSV_HEAD: Final = (
    "vehicle_no,measured_at,lat,lng,speed_mps,heading_deg,battery_ratio,control_mode,accuracy_m,seq,late_s\n"
)
_GPX_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="Steppe" xmlns="http://www.topografix.com/GPX/1/1">\n'
)


def as_csv(parts: Iterable[Records]) -> Iterator[str]:
    """Yield RFC 4180 lines with a head; unknown battery or accuracy is an empty field."""
    yield CSV_HEAD
    for part in parts:
        columns = _columns(part)
        yield "".join(
            f"{no},{at},{lat:.7f},{lng:.7f},{speed:.2f},{heading:.1f},{'' if battery is None else battery},"
            f"{mode},{'' if accuracy is None else accuracy},{seq},{late:.3f}\n"
            for no, at, lat, lng, speed, heading, battery, mode, accuracy, seq, late in zip(
                *columns, strict=True
            )
        )


def as_geojson(parts: Iterable[Records]) -> Iterator[str]:
    """Yield one FeatureCollection (RFC 7946) with a Point for each position."""
    yield '{"type":"FeatureCollection","features":['
    comma = ""
    for part in parts:
        for no, at, lat, lng, speed, heading, battery, mode, accuracy, seq, late in zip(
            *_columns(part), strict=True
        ):
            yield (
                f'{comma}\n{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{lng:.7f},{lat:.7f}]}},'
                f'"properties":{{"vehicleNo":{no},"measuredAt":"{at}","speedMps":{speed:.2f},'
                f'"headingDeg":{heading:.1f},"batteryRatio":{_json(battery)},"controlMode":"{mode}",'
                f'"accuracyM":{_json(accuracy)},"seq":{seq},"lateS":{late:.3f}}}}}'
            )
            comma = ","
    yield "\n]}\n"


def as_gpx(tracks: Iterable[tuple[str, Iterable[Records]]]) -> Iterator[str]:
    """Yield GPX 1.1 with a track for each (name, positions of one vehicle by time); a gap ends a segment."""
    yield _GPX_HEAD
    for name, parts in tracks:
        yield f"<trk><name>{escape(name)}</name>"
        is_open, last_ms = False, -np.inf
        for part in parts:
            begins = (np.diff(part["measured_ms"], prepend=last_ms) > GAP_MS).tolist()
            for begin, at, lat, lng in zip(begins, times(part["measured_ms"]), *_degrees(part), strict=True):
                if begin:
                    yield "</trkseg>\n<trkseg>" if is_open else "<trkseg>"
                    is_open = True
                yield f'<trkpt lat="{lat:.7f}" lon="{lng:.7f}"><time>{at}</time></trkpt>\n'
            last_ms = float(part["measured_ms"][-1]) if len(part) else last_ms
        yield "</trkseg></trk>\n" if is_open else "</trk>\n"
    yield "</gpx>\n"


def times(ms: NDArray[Any]) -> list[str]:
    """Return moments as RFC 3339 with milliseconds, in UTC."""
    texts = np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms")
    return [f"{text}Z" for text in texts.tolist()]


def _degrees(part: Records) -> tuple[list[float], list[float]]:
    return (part["lat_e7"] * 1e-7).tolist(), (part["lng_e7"] * 1e-7).tolist()


def _columns(part: Records) -> tuple[list[Any], ...]:
    modes = [CONTROL_MODES[min(mode, len(CONTROL_MODES) - 1)].value for mode in range(MODE_MASK + 1)]
    return (
        part["vehicle_no"].tolist(),
        times(part["measured_ms"]),
        *_degrees(part),
        (part["speed_cm_s"] / 100).tolist(),
        (part["heading_256"] * (360 / 256)).tolist(),
        [None if value == UNKNOWN_U8 else value / 200 for value in part["battery_200"].tolist()],
        [modes[mode] for mode in (part["mode_flags"] & MODE_MASK).tolist()],
        [None if value == UNKNOWN_U8 else value / 10 for value in part["accuracy_dm"].tolist()],
        part["seq"].tolist(),
        ((part["received_ms"] - part["measured_ms"]) / 1000).tolist(),
    )


def _json(value: float | None) -> str:
    return "null" if value is None else str(value)
