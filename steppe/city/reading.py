"""Reads a city folder. A fault is told as file, field and what was expected, never as a stack trace."""

import csv
import hashlib
import io
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from shapely import is_valid_reason
from shapely.geometry import shape

from core.errors import Invalid
from core.ids import DistrictCode
from core.kinds import ServiceKind
from services.merchants.forbidden import forbidden_by
from steppe.city.days import HolidaySpan, holiday_days
from steppe.city.forbidden import forbidden_of
from steppe.city.organisations import Agency, Operator
from steppe.city.pack import (
    Account,
    City,
    CityPack,
    District,
    FleetTemplate,
    ForbiddenGoods,
    Goods,
    LinkProfile,
    Maker,
    Model,
    Names,
    Park,
    PlaceNumbers,
    RoadClassRow,
    RosterLine,
    Town,
)
from steppe.city.vending_slot import VendingSlot

PACKS = Path(__file__).parent.parent
"""Folder that holds the packs which come with Steppe; a pack's name is its folder's name."""
FILES = (
    "city.toml",
    "districts.csv",
    "districts.geojson",
    "roster.csv",
    "towns.toml",
    "roads.toml",
    "names.toml",
    "parks.toml",
    "organisations.toml",
    "staff.toml",
    "makers.toml",
    "fleet.toml",
    "places.toml",
    "goods.toml",
    "vending.toml",
    "holidays.toml",
)
MOST_VENDING_SLOTS = 16
"""Compartments whose doors a status record of the wire has room for."""
SERVICE_IN_ROSTER = {kind.value: kind for kind in ServiceKind}


def fault(file: str, field: str, problem: str) -> Invalid:
    """Return the error for one wrong value of a pack."""
    return Invalid(
        "city-pack-invalid", f"{file}: {field}: {problem}", file=file, field=field, problem=problem
    )


def pack_folder(name_or_path: str) -> Path:
    """Return the folder of a pack that comes with Steppe (by name) or of any other (by path).

    Raises Invalid ``city-pack-missing`` when there is no such folder with a city.toml.
    """
    for folder in (PACKS / name_or_path, Path(name_or_path)):
        if (folder / "city.toml").is_file():
            return folder
    known = sorted(path.parent.name for path in PACKS.glob("*/city.toml"))
    raise Invalid(
        "city-pack-missing",
        f"no city pack {name_or_path!r}: give a folder with a city.toml, or one of {', '.join(known)}",
        pack=name_or_path,
        known=known,
    )


def read_pack(name_or_path: str) -> CityPack:
    """Read and check a whole city folder. Raises Invalid (file, field, problem) at the first fault."""
    folder = pack_folder(name_or_path)
    content = {name: _bytes_of(folder, name) for name in FILES}
    pack = CityPack(
        folder=folder,
        digest=_digest(content),
        city=_toml(content, "city.toml", City),
        districts=_districts(content),
        roster=_roster(content),
        towns=_rows(content, "towns.toml", "town", Town),
        road_classes=_rows(content, "roads.toml", "road_class", RoadClassRow),
        names=_toml(content, "names.toml", Names),
        parks=_rows(content, "parks.toml", "park", Park),
        agencies=_rows(content, "organisations.toml", "agency", Agency),
        operators=_rows(content, "organisations.toml", "operator", Operator),
        accounts=_rows(content, "staff.toml", "account", Account),
        link_profiles=_rows(content, "makers.toml", "link_profile", LinkProfile),
        makers=_rows(content, "makers.toml", "maker", Maker),
        models=_rows(content, "makers.toml", "model", Model),
        fleet=_toml(content, "fleet.toml", FleetTemplate),
        places=_toml(content, "places.toml", PlaceNumbers),
        goods=_rows(content, "goods.toml", "goods", Goods),
        forbidden=_rows(content, "goods.toml", "forbidden", ForbiddenGoods),
        vending_slots=_rows(content, "vending.toml", "slot", VendingSlot),
        holidays=_rows(content, "holidays.toml", "holiday", HolidaySpan),
    )
    check_pack(pack)
    return pack


def _check_sold(pack: CityPack) -> None:
    """Check that nothing is sold, in a shop or from a vehicle, that may not be sold unattended."""
    rules = forbidden_of(pack)
    sold: list[tuple[str, str, Goods | VendingSlot]] = [
        *(("goods.toml", "goods", thing) for thing in pack.goods),
        *(("vending.toml", "slot", slot) for slot in pack.vending_slots),
    ]
    for file, table, thing in sold:
        rule = forbidden_by(rules, category=thing.category, name_zh=thing.name_zh, name_en=thing.name_en)
        if rule is not None:
            raise fault(file, f"{table}.{thing.goods}", f"may not be sold unattended: {rule.reason_en}")
    if len(pack.vending_slots) > MOST_VENDING_SLOTS:
        raise fault("vending.toml", "slot", f"a vehicle has at most {MOST_VENDING_SLOTS} slots")


def check_pack(pack: CityPack) -> None:
    """Check what one file says of another. Raises Invalid (file, field, problem) at the first fault."""
    codes = [district.code for district in pack.districts]
    _unique("districts.csv", "code", codes)
    _unique("city.toml", "service.letter", [service.letter for service in pack.city.service])
    _unique("towns.toml", "town.code", [town.code for town in pack.towns])
    _unique("parks.toml", "park.park_id", [park.park_id for park in pack.parks])
    _known("towns.toml", "town.district", (town.district for town in pack.towns), codes)
    _known("roster.csv", "district_code", (line.district for line in pack.roster), codes)
    towns = [town.code for town in pack.towns]
    _known("parks.toml", "park.town", (park.town for park in pack.parks), towns)
    operators = [operator.operator_id for operator in pack.operators]
    _known("parks.toml", "park.operator", (park.operator for park in pack.parks), operators)
    agencies = [agency.code for agency in pack.agencies]
    _known("staff.toml", "account.agency", (a.agency for a in pack.accounts if a.agency), agencies)
    _known("staff.toml", "account.operator", (a.operator for a in pack.accounts if a.operator), operators)
    _known("fleet.toml", "permit.authority", [pack.fleet.permit.authority], agencies)
    makers = [maker.maker_id for maker in pack.makers]
    _known("makers.toml", "model.maker", (model.maker for model in pack.models), makers)
    profiles = [profile.profile for profile in pack.link_profiles]
    _known("makers.toml", "model.link_profile", (model.link_profile for model in pack.models), profiles)
    kinds = [kind.kind for kind in pack.places.merchant]
    _known("goods.toml", "goods.merchant_kind", (goods.merchant_kind for goods in pack.goods), kinds)
    _check_sold(pack)
    served = [model.service for model in pack.models]
    wanted = [line.service for line in pack.roster if line.planned]
    _known("makers.toml", "model.service", [*wanted, *(line.service for line in pack.fleet.demo)], served)
    _check_holidays(pack.holidays)
    run = [district for operator in pack.operators for district in operator.districts]
    _unique("organisations.toml", "operator.districts", run)
    _known("organisations.toml", "operator.districts", (line.district for line in pack.roster), run)
    points = [point.town for operator in pack.operators for point in operator.service_point]
    _known("organisations.toml", "operator.service_point.town", points, towns)
    homes = [town.district for town in pack.towns]
    _known("towns.toml", "town.district", (line.district for line in pack.roster if line.planned), homes)


def _check_holidays(holidays: Sequence[HolidaySpan]) -> None:
    """Check that each holiday ends after it begins and that no day is named twice."""
    for index, holiday in enumerate(holidays):
        if holiday.last < holiday.first:
            raise fault("holidays.toml", f"holiday[{index}].last", "is before first")
    _unique("holidays.toml", "holiday", [day.day.isoformat() for day in holiday_days(holidays)])


def _bytes_of(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise fault(name, "-", f"cannot be read in {folder}: {error.strerror}") from error


def _digest(content: Mapping[str, bytes]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(content):
        hashed.update(f"{name}:{len(content[name])}\n".encode())
        hashed.update(content[name])
    return hashed.hexdigest()


def _table(content: Mapping[str, bytes], name: str) -> dict[str, object]:
    try:
        return tomllib.loads(content[name].decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise fault(name, "-", f"is not TOML: {error}") from error


def _convert[T](value: object, to: type[T], file: str, field: str) -> T:
    try:
        return msgspec.convert(value, to)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        inner = where.rstrip("`").lstrip(".")
        raise fault(file, ".".join(part for part in (field, inner) if part) or "-", text) from error


def _toml[T](content: Mapping[str, bytes], name: str, to: type[T]) -> T:
    return _convert(_table(content, name), to, name, "")


def _rows[T](content: Mapping[str, bytes], name: str, key: str, to: type[T]) -> tuple[T, ...]:
    rows = _table(content, name).get(key, [])
    if not isinstance(rows, list):
        raise fault(name, key, f"Expected an array of tables [[{key}]]")
    return tuple(_convert(row, to, name, f"{key}[{index}]") for index, row in enumerate(rows))


def _csv(content: Mapping[str, bytes], name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(content[name].decode("utf-8-sig")))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise fault(name, missing[0], f"column is missing; the columns are {', '.join(columns)}")
    return [dict(row) for row in reader]


def _whole(file: str, field: str, text: str) -> int:
    if not text.strip().isdigit():
        raise fault(file, field, f"Expected a whole number, got {text!r}")
    return int(text)


def _districts(content: Mapping[str, bytes]) -> tuple[District, ...]:
    borders = _borders(content)
    found = []
    for index, row in enumerate(
        _csv(content, "districts.csv", ("adcode", "code", "name_zh", "name_en", "kind"))
    ):
        adcode = _whole("districts.csv", f"[{index}].adcode", row["adcode"])
        if adcode not in borders:
            raise fault("districts.geojson", f"features[adcode={adcode}]", "is missing")
        kind: Literal["district", "banner"] = _convert(
            row["kind"],
            Literal["district", "banner"],  # type: ignore[arg-type]
            "districts.csv",
            f"[{index}].kind",
        )
        found.append(
            District(
                adcode=adcode,
                code=DistrictCode(row["code"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                kind=kind,
                geometry=borders[adcode],
            )
        )
    return tuple(found)


def _borders(content: Mapping[str, bytes]) -> dict[int, dict[str, object]]:
    """Return geometry by adcode; a border that GEOS calls invalid is a fault of the file."""
    name = "districts.geojson"
    try:
        features = json.loads(content[name])["features"]
        borders = {int(f["properties"]["adcode"]): f["geometry"] for f in features}
        shapes = {adcode: shape(geometry) for adcode, geometry in borders.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise fault(name, "features", f"Expected polygons with properties.adcode: {error!r}") from error
    for adcode, border in shapes.items():
        if border.geom_type not in ("Polygon", "MultiPolygon") or not border.is_valid:
            raise fault(name, f"features[adcode={adcode}].geometry", is_valid_reason(border))
    return borders


def _roster(content: Mapping[str, bytes]) -> tuple[RosterLine, ...]:
    lines = []
    columns = ("district_code", "service_type", "planned_by_2026")
    for index, row in enumerate(_csv(content, "roster.csv", columns)):
        if row["service_type"] not in SERVICE_IN_ROSTER:
            expected = ", ".join(SERVICE_IN_ROSTER)
            raise fault("roster.csv", f"[{index}].service_type", f"Expected one of {expected}")
        lines.append(
            RosterLine(
                district=DistrictCode(row["district_code"]),
                service=SERVICE_IN_ROSTER[row["service_type"]],
                planned=_whole("roster.csv", f"[{index}].planned_by_2026", row["planned_by_2026"]),
            )
        )
    return tuple(lines)


def _unique(file: str, field: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise fault(file, field, f"{value!r} is given twice")
        seen.add(value)


def _known(file: str, field: str, values: Iterable[str], known: Iterable[str]) -> None:
    allowed = set(known)
    for value in values:
        if value not in allowed:
            raise fault(file, field, f"{str(value)!r} is not one of {', '.join(sorted(allowed)) or 'none'}")
