"""A city made from its pack: towns, roads as PBF, map tiles; kept in data_dir until the input changes."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from services.routing.tiles import cached_tiles
from steppe.city.files import CURRENT
from steppe.city.pack import CityPack
from steppe.city.pages import write_pages
from steppe.city.places import TownBuild

ROADS: Final = "roads.osm.pbf"
TOWNS: Final = "towns.msgpack"
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
    Raises Invalid (``city-pack-invalid``) when the input does not make a city.
    """
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
    if roads is not None and roads.is_file():
        hashed.update(roads.read_bytes())
    return hashed.hexdigest()[:16]


def _make(pack: CityPack, roads: Path | None, folder: Path, progress: Progress) -> None:
    # the generator and osmium are half a second of import that a second start does not pay
    from steppe.city.roads.pbf import read_pbf, write_pbf
    from steppe.city.town import build_town

    steps = len(pack.towns) + 2
    imported = None if roads is None else read_pbf(roads)
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
