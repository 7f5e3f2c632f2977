"""The city as routes of the api give it out: files that the build wrote, read once. Imports nothing heavy."""

from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import NotFound

CURRENT: Final = "current"
"""File beside the builds of a city that names the one in use."""


class CityFiles:
    """Ready-made bytes of one built city; a few hundred kB in memory."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of a build."""
        self._name = folder.parent.name
        self._districts = (folder / "districts.geojson").read_bytes()
        self._roads = _by_town(folder, "roads")
        self._grounds = _by_town(folder, "grounds")
        self._config: dict[str, Any] = msgspec.json.decode((folder / "config.json").read_bytes())

    @classmethod
    def open(cls, pack: str, data_dir: Path, roads: str | None = None) -> "CityFiles":
        """Return the files of the city built in data_dir, building it first (on `roads`) when there is none.

        Raises Invalid as build_city does.
        """
        marker = data_dir / "city" / Path(pack).name / CURRENT
        if not marker.is_file():
            # only a process that starts before `city load` pays for the generator
            from steppe.city.build import build_city
            from steppe.city.reading import read_pack

            extract = None if roads is None else Path(roads)
            return cls(build_city(read_pack(pack), data_dir, roads=extract).folder)
        return cls(marker.parent / marker.read_text().strip())

    def __repr__(self) -> str:
        return f"CityFiles({self._name}, {len(self._roads)} towns)"

    def districts(self) -> bytes:
        """Return the borders of all districts as GeoJSON with code, adcode, nameZh, nameEn and kind."""
        return self._districts

    def roads(self, town: str) -> bytes:
        """Return the roads of a town as GeoJSON LineStrings with class, name, nameEn, limitKmh and oneWay.

        Raises NotFound for a town the city has not.
        """
        return _of_town(self._roads, town)

    def grounds(self, town: str) -> bytes:
        """Return water, compounds, parks and depots of a town as GeoJSON polygons. Raises NotFound."""
        return _of_town(self._grounds, town)

    def config(self) -> dict[str, Any]:
        """Return names, attribution, approval number ("" = none yet) and towns (bbox: west, south, …)."""
        return self._config


def _by_town(folder: Path, prefix: str) -> dict[str, bytes]:
    paths = sorted(folder.glob(f"{prefix}-*.geojson"))
    return {path.stem.removeprefix(f"{prefix}-"): path.read_bytes() for path in paths}


def _of_town(files: dict[str, bytes], town: str) -> bytes:
    if town not in files:
        raise NotFound("not-found", f"there is no town {town!r}", town=town, known=sorted(files))
    return files[town]
