"""Plots of a rehearsed day as SVG: orders by state, waits, batteries, work."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import h3
import matplotlib as mpl
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure

from steppe.rehearsal.sample import Sample
from steppe.rehearsal.swept import SweptRun

SIZE_INCHES = (9.0, 3.2)
M_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km; maps of a few hundred metres."""
mpl.rcParams["svg.fonttype"] = "none"
# the same day gives the same file
mpl.rcParams["svg.hashsalt"] = "steppe"


def stacked(samples: Sequence[Sample], field: str, title: str) -> str:
    """Return counts over the day, one layer for each key of a sample's ``field``; "" without samples."""
    tables: list[dict[str, int]] = [getattr(sample, field) for sample in samples]
    keys = sorted({key for table in tables for key in table})
    if not keys:
        return ""
    figure, axes = _axes(title, samples)
    rows = [[table.get(key, 0) for table in tables] for key in keys]
    axes.stackplot(_times(samples), rows, labels=keys, step="post")
    axes.legend(loc="upper left", fontsize="small", ncols=3, frameon=False)
    return _svg(figure)


def batteries(samples: Sequence[Sample]) -> str:
    """Return the median charge of each service's vehicles with the band from least to most, and the air."""
    services = sorted({service for sample in samples for service in sample.batteries})
    if not services:
        return ""
    figure, axes = _axes("charge by service: median, least to most; air (dashed)", samples)
    for service in services:
        having = [sample for sample in samples if service in sample.batteries]
        found = [sample.batteries[service] for sample in having]
        (line,) = axes.plot(_times(having), [100 * one.median for one in found], label=service)
        low, high = [100 * one.least for one in found], [100 * one.most for one in found]
        axes.fill_between(_times(having), low, high, alpha=0.12, color=line.get_color())
    axes.set_ylim(0, 100)
    axes.set_ylabel("%")
    measured = [sample for sample in samples if sample.outside_c is not None]
    air = axes.twinx()
    air.plot(_times(measured), [sample.outside_c for sample in measured], "--", color="grey")
    air.set_ylabel("°C")
    axes.legend(loc="lower left", fontsize="small", ncols=4, frameon=False)
    return _svg(figure)


def waits(minutes: Sequence[float], title: str) -> str:
    """Return how many orders took at most how long, minutes; "" when there is none."""
    if not minutes:
        return ""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    ordered = np.sort(np.asarray(minutes))
    axes.step(ordered, 100 * np.arange(1, len(ordered) + 1) / len(ordered), where="post")
    axes.set_xlabel("min")
    axes.set_ylabel("% of orders")
    axes.grid(visible=True, alpha=0.3)
    return _svg(figure)


def coverage(runs: Sequence[SweptRun]) -> str:
    """Return maps of the runs that have cells, one beside the other; "" without any.

    Axes are metres east and north of the map's middle; the darker a cell, the more of it was swept.
    """
    drawn = [run for run in runs if run.cells]
    if not drawn:
        return ""
    figure = Figure(figsize=(SIZE_INCHES[0], SIZE_INCHES[0] / len(drawn) + 0.6), layout="constrained")
    for number, run in enumerate(drawn, start=1):
        axes = figure.add_subplot(1, len(drawn), number, aspect="equal")
        rings = [np.asarray(h3.cell_to_boundary(h3.int_to_str(cell))) for cell, _ in run.cells]
        middle = np.concatenate(rings).mean(axis=0)
        scale = np.array([M_PER_DEGREE, M_PER_DEGREE * np.cos(np.radians(middle[0]))])
        shapes = [((ring - middle) * scale)[:, ::-1] for ring in rings]
        hexagons = PolyCollection(shapes, edgecolors="white", linewidths=0.3, cmap="Greens")
        hexagons.set_array(np.asarray([share for _, share in run.cells]))
        hexagons.set_clim(0, 1)
        axes.add_collection(hexagons)
        axes.autoscale_view()
        axes.set_title(f"{run.zone}\n{run.verified_m2:.0f} of {run.planned_m2:.0f} m²", fontsize="small")
        axes.tick_params(labelsize="x-small")
    return _svg(figure)


def _times(samples: Sequence[Sample]) -> list[datetime]:
    return [sample.at for sample in samples]


def _axes(title: str, samples: Sequence[Sample]) -> tuple[Figure, Any]:
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.grid(visible=True, alpha=0.3)
    hours = DateFormatter("%H:%M", tz=samples[0].at.tzinfo)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(hours)
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
