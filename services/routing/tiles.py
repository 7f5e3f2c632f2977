"""Valhalla tiles of a city, built once per set of roads and kept in data_dir."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from core.errors import Unavailable

BUILD_LIMIT_S: Final = 1800
"""A province of OpenStreetMap takes minutes; a generated city one second."""
FORMAT: Final = "2"
"""Raise when anything about the build changes, so that old tiles are not taken for new ones."""
MATRIX_PAIRS: Final = 250_000
EXCLUDED_METRES: Final = 2_000_000
EXCLUDED_CORNERS: Final = 20_000
"""Bounds on the closed areas of one question; a town has some dozens of them, a kilometre round each."""


def cached_tiles(pbf: Path, data_dir: Path, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the folder of tiles of these roads, building them when they are not there yet.

    The folder is named by the content of the PBF and Valhalla's version, appears whole or not at all, and is
    built by one process at a time. Raises Unavailable ``routing-unavailable`` with the builder's last words.
    """
    import valhalla

    base = data_dir / "routing"
    base.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(f"{FORMAT}:{valhalla.__version__}:".encode() + pbf.read_bytes()).hexdigest()[:20]
    folder = base / f"tiles-{digest}"
    with _one_at_a_time(base / "build.lock"):
        if not (folder / "done").is_file():
            progress("Valhalla tiles")
            _build(pbf, folder)
            _drop_old(base, folder)
        # the newest is the one in use, built now or found again
        (folder / "done").touch()
    return folder


def current_tiles(data_dir: Path) -> Path:
    """Return the newest tiles in data_dir. Raises Unavailable when no city has been loaded here."""
    built = sorted((data_dir / "routing").glob("tiles-*/done"), key=lambda path: path.stat().st_mtime_ns)
    if not built:
        raise Unavailable(
            "routing-unavailable",
            f"there are no map tiles in {data_dir}; `steppe city load` makes them",
            data_dir=str(data_dir),
        )
    return built[-1].parent


def actor_config(tiles: Path) -> dict[str, Any]:
    """Return Valhalla's configuration over a folder of tiles, silent and with room for a town's matrix."""
    import valhalla

    config: dict[str, Any] = valhalla.get_config(tile_extract="", tile_dir=tiles, verbose=False)
    config["mjolnir"]["max_cache_size"] = 200_000_000
    config["mjolnir"]["concurrency"] = min(os.cpu_count() or 1, 4)
    for name in ("traffic_extract", "admin", "landmarks", "timezone", "transit_dir", "transit_feeds_dir"):
        config["mjolnir"].pop(name, None)
    config["service_limits"]["auto"]["max_matrix_location_pairs"] = MATRIX_PAIRS
    config["service_limits"]["auto"]["max_locations"] = 100
    config["service_limits"]["max_exclude_polygons_length"] = EXCLUDED_METRES
    config["service_limits"]["max_exclude_polygons_vertices"] = EXCLUDED_CORNERS
    return config


def _build(pbf: Path, folder: Path) -> None:
    import valhalla

    # The binary itself: the wheel's console script looks for itself on PATH, which a venv need not be on.
    builder = Path(valhalla.PYVALHALLA_DIR) / "bin" / "valhalla_build_tiles"
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    config = part / "valhalla.json"
    config.write_text(json.dumps(actor_config(part)))
    command = [str(builder), "--config", str(config), str(pbf)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)  # noqa: S603
    if done.returncode or not any(part.rglob("*.gph")):
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise Unavailable("routing-unavailable", f"map tiles could not be built from {pbf.name}: {last}")
    config.unlink()
    (part / "done").write_text(pbf.name)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _drop_old(base: Path, newest: Path) -> None:
    """Keep the newest tiles and the ones before: another process may still route over those."""
    older = sorted(
        (path for path in base.glob("tiles-*") if path != newest), key=lambda path: path.stat().st_mtime_ns
    )
    for path in older[:-1]:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
