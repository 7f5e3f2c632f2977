"""The live city counted by cell, and what it may be narrowed by."""

from collections.abc import Mapping
from typing import Final

import msgspec

from core.ids import OperatorId
from fleet.alarms.kinds import SEVERITY_RANK
from fleet.live.counted import CountedCells
from fleet.live.reach import Choices
from fleet.vehicles.kinds import Condition
from fleet.vehicles.paper_store import Company

CONDITIONS: Final = (
    Condition.OFFLINE,
    Condition.IDLE,
    Condition.DRIVING,
    Condition.CHARGING,
    Condition.ALARM,
)
"""In the order of live records (docs/wire-protocol.md, section 8)."""
_WORST: Final = {rank + 1: severity.value for severity, rank in SEVERITY_RANK.items()}


class CellView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One H3 cell that holds a vehicle."""

    cell: str
    """As H3 writes it, in hexadecimal digits."""
    vehicles: int
    by_condition: Mapping[str, int]
    """Conditions that no vehicle is in are absent."""
    worst_alarm: str | None


class CellsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Vehicles by cell at a moment of city time."""

    city_time_ms: int
    resolution: int
    vehicles: int
    cells: tuple[CellView, ...]


class ChoiceView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One name that the live view may be narrowed by, and how many vehicles it leaves."""

    code: str
    name_zh: str
    name_en: str
    vehicles: int


class ChoicesView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Services (named on the screens), districts and operators of the vehicles that the caller may see."""

    services: Mapping[str, int]
    districts: Mapping[str, int]
    operators: tuple[ChoiceView, ...]


def cells_view(counted: CountedCells) -> CellsView:
    """Return counted cells in the api's words."""
    rows = zip(counted.cells.tolist(), counted.conditions.tolist(), counted.worst.tolist(), strict=True)
    return CellsView(
        city_time_ms=counted.city_ms,
        resolution=counted.resolution,
        vehicles=int(counted.conditions.sum()),
        cells=tuple(
            CellView(
                cell=f"{cell:x}",
                vehicles=sum(row),
                by_condition={kind.value: many for kind, many in zip(CONDITIONS, row, strict=True) if many},
                worst_alarm=_WORST.get(worst),
            )
            for cell, row, worst in rows
        ),
    )


def choices_view(choices: Choices, companies: Mapping[OperatorId, Company]) -> ChoicesView:
    """Return choices with the names of companies; one that was never named goes by its code."""
    operators = []
    for code, vehicles in sorted(choices.operators.items()):
        company = companies.get(OperatorId(code))
        zh, en = (code, code) if company is None else (company.name_zh, company.name_en)
        operators.append(ChoiceView(code=code, name_zh=zh, name_en=en, vehicles=vehicles))
    return ChoicesView(services=choices.services, districts=choices.districts, operators=tuple(operators))
