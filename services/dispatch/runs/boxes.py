"""Which compartment takes which order of a run: each its own until the vehicle is home."""

from collections.abc import Sequence

import numpy as np

from services.delivery.compartments import Compartment, Parcel, takes

_NEVER = 1e6
_OTHER_BAND = 1e3
"""Litres that a chilled or warm box is dearer for goods that do not ask for it."""


def boxes_for(layout: Sequence[Compartment], parcels: Sequence[Parcel]) -> tuple[Compartment, ...] | None:
    """Return a box for every parcel, each its own, that waste the fewest litres; None when they do not fit.

    No box is used twice in a run, although one is empty after a hand-over: goods that nobody collects stay
    in theirs until they are back at the merchant. For a single parcel the choice is that of ``fitting``.
    """
    # here and not above: the api, which gives a run by hand now and then, loads no solver at its start
    from scipy.optimize import linear_sum_assignment

    if len(parcels) > len(layout):
        return None
    waste = np.array([[_waste(box, parcel) for box in layout] for parcel in parcels], ndmin=2)
    rows, columns = linear_sum_assignment(waste)
    if waste[rows, columns].max(initial=0.0) >= _NEVER:
        return None
    return tuple(layout[column] for column in columns.tolist())


def _waste(box: Compartment, parcel: Parcel) -> float:
    if not takes(box, parcel):
        return _NEVER
    other_band = 0.0 if box.temperature is parcel.temperature else _OTHER_BAND
    return other_band + box.litres + box.number * 1e-3
