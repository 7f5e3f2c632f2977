"""The report of a rehearsed day: one HTML file that needs nothing else, and its numbers as JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from services.orders.order import Order
from services.orders.states import OrderState
from steppe.rehearsal import plots
from steppe.rehearsal.sample import Sample
from steppe.rehearsal.verdict import Check, Ended

STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; vertical-align: top; }
tr + tr td { border-top: 1px solid #8884; } .met::before { content: "✓ "; color: #18794e; }
.missed::before { content: "✗ "; color: #c62828; }
figure { margin: 1.5rem 0; background: #fff; } svg { width: 100%; height: auto; }
.synthetic { border: 1px solid; padding: .1rem .4rem; } ul { margin: .2rem 0; }
"""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What was rehearsed and how."""

    name_zh: str
    name_en: str
    begins: datetime
    ends: datetime
    seed: int
    rate: float
    vehicles: int
    wall_s: float


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of the orders that got so far, in no order."""

    to_loaded_min: tuple[float, ...]
    """From placed to the goods in the vehicle."""
    to_arrived_min: tuple[float, ...]
    """From placed to the vehicle at the pickup point, of delivered orders."""
    late: int
    """Delivered after the time that nine of ten were promised to be met."""


def waits_of(orders: Sequence[Order]) -> Waits:
    """Return the waits of orders."""
    loaded = [one for one in orders if one.loaded_at is not None]
    delivered = [one for one in orders if one.state is OrderState.DELIVERED and one.arrived_at is not None]
    return Waits(
        to_loaded_min=tuple(_minutes(one.placed_at, one.loaded_at) for one in loaded),
        to_arrived_min=tuple(_minutes(one.placed_at, one.arrived_at) for one in delivered),
        late=sum(
            1 for one in delivered if one.arrived_at is not None and one.arrived_at > one.promised_p90_at
        ),
    )


def _minutes(start: datetime, end: datetime | None) -> float:
    return 0.0 if end is None else (end - start).total_seconds() / 60


def page(day: Day, samples: Sequence[Sample], end: Ended, checks: Sequence[Check]) -> str:
    """Return the report as HTML."""
    zone = day.begins.tzinfo
    assert isinstance(zone, ZoneInfo), "a window is in the city's time zone"
    local = [msgspec.structs.replace(sample, at=sample.at.astimezone(zone)) for sample in samples]
    return "".join(_parts(day, local, end, checks))


def _parts(day: Day, samples: Sequence[Sample], end: Ended, checks: Sequence[Check]) -> Iterator[str]:
    passed = all(check.is_met for check in checks)
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(day.name_en)}</title>'
    yield f"<style>{STYLE}</style><h1>{escape(day.name_zh)} · {escape(day.name_en)}</h1>"
    yield (
        f'<p><span class="synthetic">演示数据 synthetic</span>'
        f" {day.begins:%Y-%m-%d %H:%M} to {day.ends:%Y-%m-%d %H:%M},"
        f" {day.vehicles} vehicles, seed {day.seed}, {day.rate:g}× the wall, {day.wall_s / 60:.0f} min.</p>"
    )
    yield f"<h2>{'The day passes' if passed else 'The day does not pass'}</h2><table>"
    for check in checks:
        yield f'<tr><td class="{"met" if check.is_met else "missed"}">{escape(check.name)}</td>'
        yield f"<td>{escape(check.found)}{_list(check.rows)}</td></tr>"
    yield "</table>"
    if end.swept:
        planned, verified = (
            sum(run.planned_m2 for run in end.swept),
            sum(run.verified_m2 for run in end.swept),
        )
        yield f"<p>{len(end.swept)} sweeping runs measured: {verified:.0f} of {planned:.0f} m² planned.</p>"
    if end.held_back:
        told = "; ".join(f"{number} × {words}" for words, number in end.held_back)
        yield f"<p>Sweeping in the weather: {escape(told)}.</p>"
    if samples:
        yield "<h2>The day</h2>"
        yield f"<p>{_kept_up(day, samples)}</p>"
        yield from map(_figure, _figures(samples, end))


def _kept_up(day: Day, samples: Sequence[Sample]) -> str:
    ages = [each.behind_s / day.rate for each in samples if each.behind_s is not None]
    if not ages:
        return "No vehicle was online when the city was looked at."
    return (
        f"Positions were {sorted(ages)[len(ages) // 2]:.1f} s of the wall old in the middle,"
        f" {max(ages):.1f} s at worst: where that is many seconds the machine did not keep up,"
        " and people waited for it."
    )


def _figures(samples: Sequence[Sample], end: Ended) -> Iterator[str]:
    waits = waits_of([life.order for life in end.orders])
    yield plots.stacked(samples, "orders", "orders by state")
    yield plots.waits(waits.to_arrived_min, f"minutes from order to the vehicle's arrival; {waits.late} late")
    yield plots.stacked(samples, "working", "vehicles with a task, by kind")
    yield plots.stacked(samples, "occurrences", "times of schedules that came due, by state")
    yield plots.batteries(samples)
    yield plots.coverage(end.swept)


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>" if svg else ""


def _list(rows: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(row)}</li>' for row in rows)}</ul>" if rows else ""
