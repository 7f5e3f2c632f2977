"""History as CSV, GeoJSON and GPX: read back by other people's readers, in pieces as it was written."""

import csv
import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from core.errors import Invalid
from fleet.history.exports import WRITERS, CsvWriter, ExportFormat, GeoJsonWriter, GpxWriter, Writer
from fleet.history.kept import HISTORY
from fleet.history.spans import AREA_MOST_MS, DAY_MS, Span, bounded, span_of
from fleet.telemetry.records import Records

T0 = 1_800_000_000_000
GPX = "{http://www.topografix.com/GPX/1/1}"


def some(count: int, vehicle_no: int = 7, after_s: int = 0) -> Records:
    records = np.zeros(count, HISTORY)
    records["vehicle_no"], records["seq"] = vehicle_no, np.arange(count) + 1
    records["measured_ms"] = T0 + (np.arange(count) + after_s) * 1000 + 250
    records["received_ms"] = records["measured_ms"] + 40
    records["lat_e7"], records["lng_e7"] = 396_054_321, 1_097_812_345
    records["speed_cm_s"], records["heading_256"] = 412, 64
    records["battery_200"], records["accuracy_dm"], records["mode_flags"] = 160, 255, 3
    return records


def text_of(writer: Writer, *parts: Records) -> str:
    return writer.begin() + "".join(writer.add(part) for part in parts) + writer.end()


def test_csv_has_a_head_and_a_line_for_each_position() -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(CsvWriter(), some(2), some(1, 8)))))
    assert [row["vehicle_no"] for row in rows] == ["7", "7", "8"]
    assert rows[0] == {
        "vehicle_no": "7",
        "measured_at": "2027-01-15T08:00:00.250Z",
        "lat": "39.6054321",
        "lng": "109.7812345",
        "speed_mps": "4.12",
        "heading_deg": "90.0",
        "battery_ratio": "0.8",
        "control_mode": "on_site_manual",
        "accuracy_m": "",
        "seq": "1",
        "late_s": "0.040",
    }


def test_geojson_is_one_collection_of_points_with_longitude_first() -> None:
    found = json.loads(text_of(GeoJsonWriter(), some(2), some(0), some(1, 8)))
    assert found["type"] == "FeatureCollection"
    assert len(found["features"]) == 3
    assert found["features"][0]["geometry"] == {"type": "Point", "coordinates": [109.7812345, 39.6054321]}
    assert found["features"][2]["properties"]["vehicleNo"] == 8
    assert found["features"][2]["properties"]["accuracyM"] is None


def test_gpx_has_a_track_for_each_vehicle_and_a_segment_for_each_stretch_without_a_gap() -> None:
    text = text_of(
        GpxWriter(), some(3), some(2, after_s=3), some(0), some(2, after_s=60), some(1, 8, after_s=61)
    )
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("version"), root.get("creator")) == (f"{GPX}gpx", "1.1", "Steppe")
    tracks = root.findall(f"{GPX}trk")
    assert [track.findtext(f"{GPX}name") for track in tracks] == ["7", "8"]
    segments = [[len(segment) for segment in track.findall(f"{GPX}trkseg")] for track in tracks]
    assert segments == [[5, 2], [1]]
    point = tracks[0].find(f"{GPX}trkseg/{GPX}trkpt")
    assert point is not None
    assert (point.get("lat"), point.get("lon")) == ("39.6054321", "109.7812345")
    assert point.findtext(f"{GPX}time") == "2027-01-15T08:00:00.250Z"


def test_a_gap_inside_a_piece_ends_a_segment_too() -> None:
    root = ElementTree.fromstring(text_of(GpxWriter(), np.concatenate((some(2), some(2, after_s=90)))))
    assert len(root.findall(f"{GPX}trk/{GPX}trkseg")) == 2


def test_nothing_is_a_whole_document_too() -> None:
    assert text_of(WRITERS[ExportFormat.CSV]()).startswith("vehicle_no,")
    assert json.loads(text_of(WRITERS[ExportFormat.GEOJSON]()))["features"] == []
    assert len(ElementTree.fromstring(text_of(WRITERS[ExportFormat.GPX]()))) == 0


@pytest.mark.parametrize(
    ("length_ms", "vehicles", "field"),
    [
        (AREA_MOST_MS + 1, None, "toMs"),
        (31 * DAY_MS + 1, 1, "toMs"),
        (16 * DAY_MS, 2, "toMs"),
        (1000, 201, "vehicles"),
    ],
)
def test_a_span_that_is_too_long_is_refused_with_field_and_limit(
    length_ms: int, vehicles: int | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        bounded(Span(from_ms=T0, to_ms=T0 + length_ms), vehicles=vehicles)
    assert refused.value.fields["field"] == field
    assert "limit" in refused.value.fields


def test_the_longest_spans_pass() -> None:
    bounded(Span(from_ms=T0, to_ms=T0 + AREA_MOST_MS), vehicles=None)
    bounded(Span(from_ms=T0, to_ms=T0 + 31 * DAY_MS), vehicles=1)


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="ends before it begins"):
        span_of(T0, T0 - 1)
