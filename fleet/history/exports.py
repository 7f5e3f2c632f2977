"""History as CSV, GeoJSON and GPX 1.1: pieces of positions in, pieces of text out. Pure."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

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
    ExportFormat.CSV: "text/csv",
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


class Writer(Protocol):
    """Writes one document: what ``begin`` returns, then each ``add``, then ``end``."""

    def begin(self) -> str:
        """Return what stands before the positions."""
        ...

    def add(self, part: Records) -> str:
        """Return some positions' text."""
        ...

    def end(self) -> str:
        """Return what stands behind them."""
        ...


class CsvWriter:
    """RFC 4180 lines under a head; unknown battery or accuracy is an empty field."""

    def begin(self) -> str:
        """Return the head."""
        return CSV_HEAD

    def add(self, part: Records) -> str:
        """Return a line for each position."""
        return "".join(
            f"{no},{at},{lat:.7f},{lng:.7f},{speed:.2f},{heading:.1f},{'' if battery is None else battery},"
            f"{mode},{'' if accuracy is None else accuracy},{seq},{late:.3f}\n"
            for no, at, lat, lng, speed, heading, battery, mode, accuracy, seq, late in _rows(part)
        )

    def end(self) -> str:
        """Return nothing."""
        return ""


class GeoJsonWriter:
    """One FeatureCollection (RFC 7946) with a Point for each position."""

    def __init__(self) -> None:
        self._comma = ""

    def begin(self) -> str:
        """Return the begin of the collection."""
        return '{"type":"FeatureCollection","features":['

    def add(self, part: Records) -> str:
        """Return a feature for each position."""
        features = [
            f'\n{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{lng:.7f},{lat:.7f}]}},'
            f'"properties":{{"vehicleNo":{no},"measuredAt":"{at}","speedMps":{speed:.2f},'
            f'"headingDeg":{heading:.1f},"batteryRatio":{_json(battery)},"controlMode":"{mode}",'
            f'"accuracyM":{_json(accuracy)},"seq":{seq},"lateS":{late:.3f}}}}}'
            for no, at, lat, lng, speed, heading, battery, mode, accuracy, seq, late in _rows(part)
        ]
        comma, self._comma = self._comma, "," if features else self._comma
        return comma + ",".join(features) if features else ""

    def end(self) -> str:
        """Return the end of the collection."""
        return "\n]}\n"


class GpxWriter:
    """GPX 1.1 with a track for each vehicle; a gap ends a segment. Takes one vehicle after the other."""

    def __init__(self) -> None:
        self._vehicle: int | None = None
        self._last_ms = -np.inf

    def begin(self) -> str:
        """Return the head."""
        return _GPX_HEAD

    def add(self, part: Records) -> str:
        """Return the track points of some positions of one vehicle."""
        if not len(part):
            return ""
        text, vehicle = "", int(part["vehicle_no"][0])
        if vehicle != self._vehicle:
            text = f"{self._close()}<trk><name>{vehicle}</name>"
            self._vehicle, self._last_ms = vehicle, -np.inf
        begins = (np.diff(part["measured_ms"], prepend=self._last_ms) > GAP_MS).tolist()
        between = "<trkseg>" if np.isinf(self._last_ms) else "</trkseg>\n<trkseg>"
        for begin, at, lat, lng in zip(begins, times(part["measured_ms"]), *_degrees(part), strict=True):
            segment, between = (between, "</trkseg>\n<trkseg>") if begin else ("", between)
            text += f'{segment}<trkpt lat="{lat:.7f}" lon="{lng:.7f}"><time>{at}</time></trkpt>\n'
        self._last_ms = float(part["measured_ms"][-1])
        return text

    def end(self) -> str:
        """Return the end of the last track and of the document."""
        return f"{self._close()}</gpx>\n"

    def _close(self) -> str:
        return "" if self._vehicle is None else "</trkseg></trk>\n"


WRITERS: Final[Mapping[ExportFormat, Callable[[], Writer]]] = {
    ExportFormat.CSV: CsvWriter,
    ExportFormat.GEOJSON: GeoJsonWriter,
    ExportFormat.GPX: GpxWriter,
}


def times(ms: NDArray[Any]) -> list[str]:
    """Return moments as RFC 3339 with milliseconds, in UTC."""
    texts = np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms")
    return [f"{text}Z" for text in texts.tolist()]


def _degrees(part: Records) -> tuple[list[float], list[float]]:
    return (part["lat_e7"] * 1e-7).tolist(), (part["lng_e7"] * 1e-7).tolist()


def _rows(part: Records) -> Iterator[tuple[Any, ...]]:
    modes = [CONTROL_MODES[min(mode, len(CONTROL_MODES) - 1)].value for mode in range(MODE_MASK + 1)]
    return zip(
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
        strict=True,
    )


def _json(value: float | None) -> str:
    return "null" if value is None else str(value)
