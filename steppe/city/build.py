"""A city made from its pack: towns, roads as PBF, map tiles; kept in data_dir until the input changes."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from core.errors import Conflict, Invalid
from services.routing.route import GeoPoint
from services.routing.tiles import cached_tiles
from steppe.city.files import CURRENT
from steppe.city.pack import CityPack
from steppe.city.pages import write_pages
from steppe.city.places import TownBuild

if TYPE_CHECKING:
    from services.routing.engine import Router

ROADS: Final = "roads.osm.pbf"
TOWNS: Final = "towns.msgpack"
REACHED: Final = "every-stop-reached"
"""Empty file: Valhalla has found its way between all stops of these towns."""
GENERATOR: Final = ("build.py", "pages.py", "places.py", "sites.py", "stops.py", "town.py", "zones.py")
"""Sources, beside roads/, whose change makes another city of the same pack."""

type Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


class CityBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack became; ``folder`` holds its files, ``tiles`` Valhalla's tiles."""

    digest: str
    folder: Path
    tiles: Path
    towns: tuple[TownBuild, ...]
    is_fresh: bool
    """Whether it was made now rather than found."""

    def town(self, code: str) -> TownBuild:
        """Return a town by its code; KeyError when there is none."""
        return next_town(self.towns, code)


def build_city(
    pack: CityPack,
    data_dir: Path,
    *,
    roads: Path | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> CityBuild:
    """Return the city of a pack, on generated roads or on those of an OpenStreetMap extract.

    Made once per input (pack, extract, generator) and kept under data_dir/city; one process at a time.
    Raises Invalid (``city-pack-invalid``) when the input does not make a city: an extract that is no map,
    has no road in a town, or a stop that the others of its town cannot reach.
    """
    if roads is not None and not roads.is_file():
        raise Invalid("city-pack-invalid", f"{roads}: there is no such file", file=str(roads), field="-")
    digest = input_digest(pack, roads)
    base = data_dir / "city" / pack.folder.name
    base.mkdir(parents=True, exist_ok=True)
    folder = base / digest
    steps = len(pack.towns) + 2
    with (base / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_fresh = not (folder / TOWNS).is_file()
        if is_fresh:
            _make(pack, roads, folder, progress)
        progress("Valhalla", steps - 1, steps)
        tiles = cached_tiles(folder / ROADS, data_dir)
        # generated streets hang together by construction and by a test: asking takes 3 s of every first start
        if roads is not None and not (folder / REACHED).is_file():
            check_stops(_read_towns(folder), tiles)
            (folder / REACHED).touch()
        _use(base, folder)
    progress("", steps, steps)
    return CityBuild(digest=digest, folder=folder, tiles=tiles, towns=_read_towns(folder), is_fresh=is_fresh)


def next_town(towns: tuple[TownBuild, ...], code: str) -> TownBuild:
    """Return the town of a code; KeyError when there is none."""
    for town in towns:
        if town.code == code:
            return town
    raise KeyError(code)


def input_digest(pack: CityPack, roads: Path | None) -> str:
    """Return a short hash of everything a city is made from, the generator's own source included."""
    hashed = hashlib.sha256(pack.digest.encode())
    here = Path(__file__).parent
    for source in sorted([*(here / name for name in GENERATOR), *here.glob("roads/*.py")]):
        hashed.update(source.read_bytes())
    if roads is not None:
        hashed.update(roads.read_bytes())
    return hashed.hexdigest()[:16]


def check_stops(towns: Iterable[TownBuild], tiles: Path) -> None:
    """Raise Invalid, naming town and place, when a stop and the others of its town reach not each other."""
    from services.routing.engine import Router

    router = Router(tiles)
    for town in towns:
        lost = _lost_stop(router, [GeoPoint(place.lat, place.lng) for place in town.places])
        if lost is not None:
            place = town.places[lost].place_id
            problem = f"no way between {place} and the other stops of {town.code}"
            raise Invalid(
                "city-pack-invalid",
                f"roads: {problem}: the roads of the extract do not hang together there",
                file=ROADS,
                field=place,
                problem=problem,
            )


def _lost_stop(router: "Router", stops: list[GeoPoint]) -> int | None:
    """Return which stop has the most others without a way to or from it; None when all reach each other."""
    try:
        durations = router.matrix(stops, stops).duration_s
    except Conflict as error:
        # Valhalla answers nothing at all when one place has no road near
        return int(str(error.fields.get("place", 0))) % len(stops)
    missing = [[seconds is None for seconds in row] for row in durations]
    lost = [sum(row) + sum(column) for row, column in zip(missing, zip(*missing, strict=True), strict=True)]
    return lost.index(max(lost)) if any(lost) else None


def _make(pack: CityPack, roads: Path | None, folder: Path, progress: Progress) -> None:
    # the generator and osmium are half a second of import that a second start does not pay
    from steppe.city.roads.pbf import read_pbf, write_pbf
    from steppe.city.town import build_town

    steps = len(pack.towns) + 2
    imported = None
    if roads is not None:
        progress(f"reading {roads.name}", 0, steps)
        imported = read_pbf(roads)
    towns = []
    for done, town in enumerate(pack.towns):
        progress(f"{town.name_zh} {town.name_en}", done, steps)
        towns.append(build_town(pack, town, imported))
    progress("OpenStreetMap PBF", len(towns), steps)
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    write_pbf((town.network for town in towns), part / ROADS)
    write_pages(pack, towns, part)
    (part / TOWNS).write_bytes(msgspec.msgpack.encode(towns))
    part.rename(folder)


def _read_towns(folder: Path) -> tuple[TownBuild, ...]:
    return msgspec.msgpack.decode((folder / TOWNS).read_bytes(), type=tuple[TownBuild, ...])


def _use(base: Path, kept: Path) -> None:
    """Name the build in use, then drop the others."""
    marker = base / f"{CURRENT}.part"
    marker.write_text(kept.name)
    marker.rename(base / CURRENT)
    for path in base.iterdir():
        if path.is_dir() and path != kept:
            shutil.rmtree(path, ignore_errors=True)
