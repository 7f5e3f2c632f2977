"""A merchant's catalogue as a CSV file: what each column holds, every error with its row and field."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from services.delivery.catalogue import MOST_STOCK, Goods
from services.delivery.compartments import Temperature

COLUMNS = (
    "goods",
    "name_zh",
    "name_en",
    "price_yuan",
    "mass_g",
    "litres",
    "temperature",
    "prepare_min",
    "stock",
    "on_sale",
    "category",
    "by_weight",
)
MUST = ("goods", "name_zh", "price_yuan", "mass_g", "litres")
"""Columns without which a file is none; the others have defaults."""
MOST_ROWS = 1000
MOST_PRICE_FEN = 10_000_000
MOST_MASS_G = 60_000.0
MOST_LITRES = 400.0
MOST_PREPARE_MIN = 240.0
MOST_CODE_CHARS = 40
MOST_NAME_CHARS = 120
type Refuse = Callable[[str, str], None]
"""Told a field and what is wrong with it."""
YES, NO = ("1", "yes", "true", "是"), ("0", "no", "false", "否")


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in one row; row 1 is the header."""

    row: int
    field: str
    problem: str


class CatalogueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing as a merchant writes it; ``code`` is the merchant's own, and the key."""

    code: str
    name_zh: str
    name_en: str
    price_fen: int
    mass_g: float
    litres: float
    temperature: Temperature = Temperature.AMBIENT
    ready_s: float = 0.0
    stock: int | None = None
    """None leaves the shelf as it is."""
    is_on_sale: bool = True
    category: str = ""
    is_weighed: bool = False


def read_catalogue(text: str) -> tuple[list[CatalogueRow], list[RowError]]:
    """Return the rows of a file and everything that is wrong with it, first to last.

    A byte order mark and empty lines are passed over; a column that is not known is an error, so that a
    slip in a header is not a silent default.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", restval="")
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    errors = [RowError(row=1, field=name, problem="column is missing") for name in MUST if name not in header]
    errors += [
        RowError(row=1, field=name, problem=f"unknown column; known are {', '.join(COLUMNS)}")
        for name in header
        if name not in COLUMNS
    ]
    if errors:
        return [], errors
    rows: list[CatalogueRow] = []
    seen: dict[str, int] = {}
    for line in reader:
        number = reader.line_num
        row, wrong = _read_row(number, {name: str(value).strip() for name, value in line.items()})
        if row is not None and row.code in seen:
            wrong.append(RowError(row=number, field="goods", problem=f"stands in row {seen[row.code]} too"))
        if row is not None:
            seen.setdefault(row.code, number)
            rows.append(row)
        errors += wrong
        if len(rows) > MOST_ROWS:
            errors.append(RowError(row=number, field="-", problem=f"a file has at most {MOST_ROWS} rows"))
            break
    if not rows and not errors:
        errors.append(RowError(row=2, field="-", problem="the file has no rows"))
    return rows, errors


def write_catalogue(goods: Sequence[Goods]) -> str:
    """Return the file that says what the goods are; read back it changes nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for thing in goods:
        writer.writerow(
            (
                code_of(thing),
                _plain(thing.name_zh),
                _plain(thing.name_en),
                f"{thing.price_fen / 100:.2f}",
                f"{thing.mass_g:g}",
                f"{thing.litres:g}",
                thing.temperature.value,
                f"{thing.ready_s / 60:g}",
                thing.stock,
                "yes" if thing.is_on_sale else "no",
                thing.category,
                "yes" if thing.is_weighed else "no",
            )
        )
    return "\ufeff" + out.getvalue()


def code_of(thing: Goods) -> str:
    """Return a merchant's own code of goods: their id without the merchant's before it."""
    return thing.goods_id.removeprefix(f"{thing.merchant_id}-")


def _plain(text: str) -> str:
    # A spreadsheet runs a cell that begins like a formula.
    return f"'{text}" if text[:1] in "=+-@" else text


def _read_row(number: int, cells: Mapping[str, str]) -> tuple[CatalogueRow | None, list[RowError]]:
    wrong: list[RowError] = []
    given = dict(_values(cells, lambda field, problem: wrong.append(_error(number, field, problem))))
    if "" in cells and cells[""] not in ("", "[]"):
        wrong.append(_error(number, "-", "more cells than columns"))
    return (None if wrong else CatalogueRow(**given)), wrong  # type: ignore[arg-type]


def _error(number: int, field: str, problem: str) -> RowError:
    return RowError(row=number, field=field, problem=problem)


def _values(cells: Mapping[str, str], refuse: Refuse) -> Iterator[tuple[str, object]]:
    code, name_zh = cells["goods"], cells["name_zh"]
    if not 1 <= len(code) <= MOST_CODE_CHARS:
        refuse("goods", f"1 to {MOST_CODE_CHARS} characters")
    elif not code.replace("-", "").replace("_", "").isalnum() or not code.isascii():
        refuse("goods", "letters, digits, - and _ alone")
    if not 1 <= len(name_zh) <= MOST_NAME_CHARS:
        refuse("name_zh", f"1 to {MOST_NAME_CHARS} characters")
    yield "code", code
    yield "name_zh", name_zh.removeprefix("'")
    yield "name_en", (cells.get("name_en") or name_zh)[:MOST_NAME_CHARS].removeprefix("'")
    yield "price_fen", int(100 * _number(cells, "price_yuan", 0.0, MOST_PRICE_FEN / 100, refuse, places=2))
    yield "mass_g", float(_number(cells, "mass_g", 1.0, MOST_MASS_G, refuse))
    yield "litres", float(_number(cells, "litres", 0.01, MOST_LITRES, refuse))
    if cells.get("prepare_min"):
        yield "ready_s", 60.0 * float(_number(cells, "prepare_min", 0.0, MOST_PREPARE_MIN, refuse))
    if cells.get("stock"):
        yield "stock", int(_number(cells, "stock", 0, MOST_STOCK, refuse, places=0))
    band = cells.get("temperature") or Temperature.AMBIENT.value
    if band not in set(Temperature):
        refuse("temperature", f"one of {', '.join(Temperature)}, not {band!r}")
    else:
        yield "temperature", Temperature(band)
    yield "is_on_sale", _said(cells, "on_sale", "yes", refuse)
    yield "is_weighed", _said(cells, "by_weight", "no", refuse)
    yield "category", cells.get("category", "")[:MOST_CODE_CHARS]


def _said(cells: Mapping[str, str], field: str, usual: str, refuse: Refuse) -> bool:
    said = (cells.get(field) or usual).casefold()
    if said not in (*YES, *NO):
        refuse(field, f"yes or no, not {said!r}")
    return said in YES


def _number(
    cells: Mapping[str, str], field: str, least: float, most: float, refuse: Refuse, *, places: int = 3
) -> Decimal:
    try:
        value = Decimal(cells[field])
    except InvalidOperation:
        refuse(field, f"a number, not {cells[field]!r}")
        return Decimal(0)
    if not value.is_finite() or not least <= value <= most:
        refuse(field, f"from {least:g} to {most:g}, not {cells[field]}")
        return Decimal(0)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        refuse(field, f"at most {places} decimal places, not {cells[field]}")
    return value
