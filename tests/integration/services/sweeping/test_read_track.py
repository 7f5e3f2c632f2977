"""What a run swept is worked out of the history's own files, the same before and after their compaction."""

from pathlib import Path

import numpy as np
import pytest

from core.ids import VehicleNo
from fleet.history.layout import STATUS as STATUSES
from fleet.links.wire.status import Brush
from fleet.telemetry.records import STREAM_STATUS
from geofences import shapes
from geofences.geo import LocalPlane
from services.sweeping.ledger import ledger
from services.sweeping.read_track import read_track
from tests.history import T0, Written, compact, positions

VEHICLE, OTHER = VehicleNo(7), 8
PLANE = LocalPlane(39.6, 109.8)
GROUND = shapes.rectangle(39.6, 109.8, 100.0, 2.5, 90.0)
"""100 m from west to east, hardly wider than the sweeper."""


def write_a_drive(folder: Path, *, up_after_s: int) -> None:
    """The vehicle drives the street at 1 m/s and lifts its brush on the way; another stands beside it."""
    seconds = range(100)
    records = positions([VEHICLE, OTHER], [T0 + 1000 * s for s in seconds], speed_cm_s=100)
    for row in range(100):
        lat, lng = PLANE.lat_lng(row - 50.0, 0.0)
        records["lat_e7"][row], records["lng_e7"][row] = round(lat * 1e7), round(lng * 1e7)
    status = np.zeros(2, STREAM_STATUS)
    status["measured_ms"] = [T0 - 1000, T0 + 1000 * up_after_s]
    status["status"]["vehicle_no"] = VEHICLE
    status["status"]["status_seq"] = [1, 2]
    status["status"]["brush"] = [Brush.DOWN_TURNING, Brush.UP]
    Written(folder).raw(records, T0 + 101_000, status)


@pytest.mark.parametrize("up_after_s", [40, 55])
def test_metres_count_until_the_brush_goes_up_whatever_became_of_the_files(
    tmp_path: Path, up_after_s: int
) -> None:
    write_a_drive(tmp_path, up_after_s=up_after_s)
    track = read_track(tmp_path, VEHICLE, T0, T0 + 99_000)
    assert len(track.measured_ms) == 102, "and the place where the brush went up, before and after"
    before = ledger(GROUND, 2.0, [track])
    assert before.verified_m2 == pytest.approx(2.5 * up_after_s + 2.3, abs=0.5), "to the metre, edges too"
    now_ms = T0 + 3 * 3_600_000
    assert compact(tmp_path, now_ms)
    assert compact(tmp_path, now_ms, STATUSES)
    assert ledger(GROUND, 2.0, [read_track(tmp_path, VEHICLE, T0, T0 + 99_000)]) == before


def test_a_vehicle_without_a_history_swept_nothing(tmp_path: Path) -> None:
    write_a_drive(tmp_path, up_after_s=40)
    track = read_track(tmp_path, VehicleNo(99), T0, T0 + 99_000)
    assert ledger(GROUND, 2.0, [track]).verified_m2 == 0
