"""What lies between two positions of a vehicle that follow one another: time, metres, standing, braking.

Pure array work over pairs; every limit is a named constant and part of the formula's version.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8, ControlMode, PositionFlag
from fleet.telemetry.records import Records

type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]

STANDING_CM_S: Final = 20
"""A speed below 0.2 m/s is standing: wheels tick below it, nobody walks so slowly."""
ACCURACY_DM: Final = 50
"""Accuracy of a position that does not tell its own: 5 m, a single-frequency receiver among houses."""
LEAST_ACCURACY_DM: Final = 10
"""Nobody is believed to a hand's breadth when it stands: 1 m."""
TELEPORT_FLOOR_M: Final = 150.0
TELEPORT_MPS: Final = 40.0
"""The guard's limits (fleet/telemetry/guard.py): faster than any vehicle here, also on a tow truck."""
HARSH_MPS2: Final = 3.1
"""11 km/h in one second: a fleet telematics supplier's published limit of a moderate harsh brake
(reveal-help.verizonconnect.com, "How harsh driving events are analyzed"). No Chinese standard for
low-speed vehicles was found; a city that has one changes it with the formula's version."""
HARSH_WITHIN_MS: Final = 2_000
"""Speeds further apart say nothing about how hard the brake was."""
STOP_MS: Final = 60_000
"""A stop counts when it lasts longer."""
_METRES_PER_E7: Final = 0.011119508023353291
"""Metres of 1e-7 degrees along a meridian (mean radius R1 6,371,008.8 m, geofences/geo.py)."""
_MODES: Final = len(ControlMode)
_DRIVES_ITSELF: Final = np.array(
    [
        mode in (ControlMode.AUTONOMOUS, ControlMode.REMOTE_ASSIST, ControlMode.MINIMAL_RISK)
        for mode in ControlMode
    ]
)
_PERSON_DRIVES: Final = np.array(
    [mode in (ControlMode.REMOTE_DRIVE, ControlMode.ON_SITE_MANUAL) for mode in ControlMode]
)


class Segments(msgspec.Struct, frozen=True):
    """Columns of n segments; each lies between the positions ``first[i]`` and ``last[i]``."""

    elapsed_ms: NDArray[np.int64]
    is_known: Mask
    """The silence in between was short enough that the first position says what was going on."""
    metres: Floats
    """Unclipped; 0 where it stood, jumped, had no fix or was silent."""
    is_standing: Mask
    is_teleport: Mask
    is_harsh: Mask
    is_takeover: Mask
    used: Floats
    """Fall of the state of charge, 0 when it rose or was not told."""


def modes_of(records: Records) -> NDArray[np.intp]:
    """Return the control mode of each position; a number that no mode has counts as off."""
    modes: NDArray[np.intp] = np.minimum(records["mode_flags"] & MODE_MASK, _MODES - 1).astype(np.intp)
    return modes


def measure(first: Records, last: Records, silence_ms: int) -> Segments:
    """Return the segments of n pairs of STREAM_POSITION; each pair is of one vehicle, ``last`` the later."""
    elapsed_ms = last["measured_ms"] - first["measured_ms"]
    seconds = elapsed_ms / 1000
    is_known = elapsed_ms <= silence_ms
    apart_m = straight_m(first, last)
    is_teleport = apart_m > TELEPORT_FLOOR_M + TELEPORT_MPS * seconds
    is_slow = (first["speed_cm_s"] < STANDING_CM_S) & (last["speed_cm_s"] < STANDING_CM_S)
    stays = apart_m <= _accuracy_m(first) + _accuracy_m(last)
    has_fix = ((first["mode_flags"] | last["mode_flags"]) & PositionFlag.NO_FIX) == 0
    counts = is_known & has_fix & ~is_teleport & ~(is_slow & stays)
    slower_mps = (first["speed_cm_s"].astype(np.float64) - last["speed_cm_s"]) / 100
    before, after = modes_of(first), modes_of(last)
    known_charge = (first["battery_200"] != UNKNOWN_U8) & (last["battery_200"] != UNKNOWN_U8)
    fall = first["battery_200"].astype(np.float64) - last["battery_200"]
    return Segments(
        elapsed_ms=elapsed_ms,
        is_known=is_known,
        metres=np.where(counts, apart_m, 0.0),
        is_standing=is_known & is_slow & stays,
        is_teleport=is_teleport & has_fix,
        is_harsh=(elapsed_ms <= HARSH_WITHIN_MS) & (slower_mps >= HARSH_MPS2 * seconds),
        is_takeover=_DRIVES_ITSELF[before] & _PERSON_DRIVES[after],
        used=np.where(known_charge & (fall > 0), fall / 200, 0.0),
    )


def straight_m(first: Records, last: Records) -> Floats:
    """Return the metres between positions on a plane at their middle: within 1e-6 of the great circle
    for anything that a vehicle drives between two reports."""
    lat1, lat2 = first["lat_e7"].astype(np.float64), last["lat_e7"].astype(np.float64)
    north = (lat2 - lat1) * _METRES_PER_E7
    east = (last["lng_e7"].astype(np.float64) - first["lng_e7"]) * _METRES_PER_E7
    east *= np.cos(np.radians((lat1 + lat2) * 5e-8))
    result: Floats = np.sqrt(north * north + east * east)
    return result


def _accuracy_m(records: Records) -> Floats:
    told = records["accuracy_dm"]
    accuracy: Floats = np.maximum(np.where(told == UNKNOWN_U8, ACCURACY_DM, told), LEAST_ACCURACY_DM) / 10
    return accuracy
