"""A station's waybills as rows: what each holds, and every error with its row and field. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence

import msgspec

from core.errors import Invalid, SteppeError
from core.privacy.phones import parse_phone
from services.merchants.catalogue_csv import RowError

COLUMNS = ("number", "phone", "litres", "mass_kg")
MOST_ROWS = 500
MOST_LITRES = 400.0
MOST_KG = 60.0
MOST_NUMBER_CHARS = 40
MOST_TOLD = 100
"""Errors that are told at once."""


class WaybillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel as a station writes it."""

    number: str
    phone: str
    litres: float
    mass_kg: float

    def __repr__(self) -> str:
        return f"WaybillRow({self.number!r})"


def read_rows(text: str) -> list[dict[str, str]]:
    """Return the cells of a CSV file by column; raise Invalid ``waybills-invalid`` for a wrong header."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", restval="")
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    errors = [RowError(row=1, field=c, problem="column is missing") for c in COLUMNS if c not in header]
    errors += [
        RowError(row=1, field=c, problem=f"unknown column; known are {', '.join(COLUMNS)}")
        for c in header
        if c not in COLUMNS
    ]
    must_be_right(errors)
    return [{name: str(cell).strip() for name, cell in line.items()} for line in reader]


def check_rows(
    rows: Sequence[Mapping[str, object]], first_row: int
) -> tuple[list[WaybillRow], list[RowError]]:
    """Return the parcels and everything that is wrong with them; ``first_row`` is the number of the first.

    No error repeats a phone number.
    """
    errors: list[RowError] = []
    found: list[WaybillRow] = []
    seen: dict[str, int] = {}
    if not 1 <= len(rows) <= MOST_ROWS:
        errors.append(RowError(row=first_row, field="-", problem=f"1 to {MOST_ROWS} waybills at once"))
    for number, cells in enumerate(rows[:MOST_ROWS], first_row):
        row, wrong = _check_row(number, cells)
        if row is not None and row.number in seen:
            wrong.append(
                RowError(row=number, field="number", problem=f"stands in row {seen[row.number]} too")
            )
        if row is not None:
            seen.setdefault(row.number, number)
            found.append(row)
        errors += wrong
    return found, errors


def must_be_right(errors: Sequence[RowError]) -> None:
    """Raise Invalid ``waybills-invalid`` when there are any errors, with the first hundred."""
    if not errors:
        return
    told = [msgspec.structs.asdict(error) for error in errors[:MOST_TOLD]]
    first = errors[0]
    raise Invalid(
        "waybills-invalid",
        f"row {first.row}, {first.field}: {first.problem}",
        errors=told,
        count=len(errors),
    )


def _check_row(number: int, cells: Mapping[str, object]) -> tuple[WaybillRow | None, list[RowError]]:
    wrong: list[RowError] = []
    own = str(cells.get("number", "")).strip()
    if not 1 <= len(own) <= MOST_NUMBER_CHARS:
        problem = f"1 to {MOST_NUMBER_CHARS} characters"
        wrong.append(RowError(row=number, field="number", problem=problem))
    phone = ""
    try:
        phone = parse_phone(str(cells.get("phone", "")))
    except SteppeError as error:
        wrong.append(RowError(row=number, field="phone", problem=error.message))
    litres = _size(number, cells, "litres", MOST_LITRES, wrong)
    mass_kg = _size(number, cells, "mass_kg", MOST_KG, wrong)
    if wrong:
        return None, wrong
    return WaybillRow(number=own, phone=phone, litres=litres, mass_kg=mass_kg), []


def _size(number: int, cells: Mapping[str, object], field: str, most: float, wrong: list[RowError]) -> float:
    try:
        value = float(str(cells.get(field, "")))
    except ValueError:
        value = -1.0
    if not 0 < value <= most:
        wrong.append(RowError(row=number, field=field, problem=f"a number above 0 and at most {most:g}"))
    return value
