"""What else answers "which fences hold these points": STRtree, PostGIS, Redis GEOSEARCH with an exact test.

Each peer has the fences, indexed, before it is timed, and one core. PostGIS has the points too, as a table of
geometries; Redis is given them with GEOADD in the timed part, because that is how a position reaches it.
All answer with the same pairs, or the benchmark ends.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import numpy as np
import redis
import shapely
from numpy.typing import NDArray

from core.valkey import find_binary

type Floats = NDArray[np.float64]
type Pairs = NDArray[np.int64]
"""int64[n, 2]: point, fence; ascending."""
type Shapes = NDArray[Any]

GEOADD_AT_ONCE = 10_000
POSTGIS_PACKAGES = ("postgresql", "postgresql-postgis")
BOX_MARGIN_M = 5.0
"""Redis keeps 52 bits of a place, 0.6 m; the exact test is with the point itself."""
METRES_A_DEGREE = 111_195.0


class NotInstalled(Exception):
    """A peer is not on this machine; says why in a sentence."""


class Peer(Protocol):
    """A way to find the pairs."""

    version: str

    def match(self) -> int:
        """Do the timed work; return how many pairs there are."""
        ...

    def pairs(self) -> Pairs:
        """Return the pairs of the same work."""
        ...


def sorted_pairs(points: NDArray[Any], fences: NDArray[Any]) -> Pairs:
    order = np.lexsort((fences, points))
    return np.column_stack((points[order], fences[order])).astype(np.int64)


class Strtree:
    """Shapely's STRtree over prepared fences, asked in bulk."""

    version = f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}"

    def __init__(self, shapes: Shapes, lat: Floats, lng: Floats) -> None:
        shapely.prepare(shapes)
        self._tree = shapely.STRtree(shapes)
        self._lat, self._lng = lat, lng

    def _query(self) -> NDArray[np.intp]:
        found: NDArray[np.intp] = self._tree.query(
            shapely.points(self._lng, self._lat), predicate="intersects"
        )
        return found

    def match(self) -> int:
        return int(self._query().shape[1])

    def pairs(self) -> Pairs:
        return sorted_pairs(*self._query())


class GeoSearch:
    """Redis: GEOADD of every point, one GEOSEARCH BYBOX a fence, then the polygon by GEOS."""

    def __init__(self, client: redis.Redis, shapes: Shapes, lat: Floats, lng: Floats) -> None:
        self._redis = client
        self._shapes, self._lat, self._lng = shapes, lat, lng
        shapely.prepare(shapes)
        west, south, east, north = shapely.bounds(shapes).T
        # The widest parallel of the box decides: nothing inside it may be missed.
        widest = np.cos(np.radians(np.minimum(np.abs(south), np.abs(north))))
        width_m = (east - west) * METRES_A_DEGREE * widest * 1.01 + 2 * BOX_MARGIN_M
        height_m = (north - south) * METRES_A_DEGREE * 1.01 + 2 * BOX_MARGIN_M
        self._boxes = np.column_stack(((west + east) / 2, (south + north) / 2, width_m, height_m)).tolist()
        info: Any = client.info("server")
        self.version = (
            f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"
        )

    def _found(self) -> list[NDArray[np.int64]]:
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.delete("points")
        places = list(
            zip(self._lng.tolist(), self._lat.tolist(), map(str, range(len(self._lat))), strict=True)
        )
        for first in range(0, len(places), GEOADD_AT_ONCE):
            batch = places[first : first + GEOADD_AT_ONCE]
            pipe.execute_command("GEOADD", "points", *(word for place in batch for word in place))
        for lng, lat, width, height in self._boxes:
            pipe.execute_command(
                "GEOSEARCH", "points", "FROMLONLAT", lng, lat, "BYBOX", width, height, "m"
            )  # fmt: skip
        answers = pipe.execute()[-len(self._shapes) :]
        found = []
        for shape, members in zip(self._shapes, answers, strict=True):
            rows = np.array(members, dtype=np.int64) if members else np.zeros(0, np.int64)
            found.append(rows[shapely.intersects_xy(shape, self._lng[rows], self._lat[rows])])
        return found

    def match(self) -> int:
        return sum(len(rows) for rows in self._found())

    def pairs(self) -> Pairs:
        found = self._found()
        fences = np.repeat(np.arange(len(found)), [len(rows) for rows in found])
        return sorted_pairs(np.concatenate(found), fences)


class Postgis:
    """PostGIS: a table of fences with a GiST index, a table of points, one join."""

    JOIN = "FROM points p JOIN fences f ON ST_Intersects(f.shape, p.place)"

    def __init__(
        self, run: Callable[[Any], Any], connection: Any, shapes: Shapes, lat: Floats, lng: Floats
    ) -> None:
        self._run = run
        self._connection = connection
        run(self._fill(shapes, lat, lng))
        self.version = run(connection.fetchval("SELECT 'PostgreSQL ' || current_setting('server_version') "
                                               "|| ', PostGIS ' || postgis_lib_version()"))  # fmt: skip

    async def _fill(self, shapes: Shapes, lat: Floats, lng: Floats) -> None:
        sql = self._connection
        await sql.execute(
            "DROP TABLE IF EXISTS fences, points;"
            "CREATE TABLE fences (id int, wkb bytea); CREATE TABLE points (id int, lng float8, lat float8)"
        )
        await sql.copy_records_to_table("fences", records=list(enumerate(shapely.to_wkb(shapes))))
        rows = zip(range(len(lat)), lng.tolist(), lat.tolist(), strict=True)
        await sql.copy_records_to_table("points", records=list(rows))
        await sql.execute(
            "ALTER TABLE fences ADD shape geometry; UPDATE fences SET shape = ST_GeomFromWKB(wkb);"
            "ALTER TABLE points ADD place geometry; UPDATE points SET place = ST_MakePoint(lng, lat);"
            "CREATE INDEX ON fences USING gist (shape);"
        )
        await sql.execute("VACUUM FULL ANALYZE points")
        await sql.execute("VACUUM FULL ANALYZE fences")

    def match(self) -> int:
        return int(self._run(self._connection.fetchval(f"SELECT count(*) {self.JOIN}")))

    def pairs(self) -> Pairs:
        rows = self._run(self._connection.fetch(f"SELECT p.id, f.id {self.JOIN}"))
        found = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
        return sorted_pairs(found[:, 0], found[:, 1])


@contextmanager
def valkey() -> Iterator[redis.Redis]:
    """A Valkey of its own, nothing kept on disk."""
    folder = Path(tempfile.mkdtemp(prefix="steppe-peer-"))
    path = folder / "valkey.sock"
    words = [str(find_binary()), "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(path))
    try:
        for _ in range(200):
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.05)
            else:
                break
        yield client
    finally:
        client.close()
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgis() -> Iterator[tuple[Callable[[Any], Any], Any]]:
    """A PostgreSQL of its own with PostGIS, on a socket in a private folder, with one core a query.

    Installs Debian's packages when it is root and they are missing. Raises NotInstalled.
    """
    programs = _postgis_programs()
    folder = Path(tempfile.mkdtemp(prefix="steppe-peer-"))
    as_owner: list[str] = []
    if os.getuid() == 0:  # PostgreSQL refuses root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    words = [*as_owner, str(programs / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "--no-sync"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")
    server = subprocess.Popen(
        [
            *(*as_owner, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-h", ""),
            *("-c", "fsync=off", "-c", "shared_buffers=256MB", "-c", "work_mem=128MB", "-c", "jit=off"),
            *("-c", "max_parallel_workers_per_gather=0"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    try:
        connection = loop.run_until_complete(_connected(str(folder)))
        loop.run_until_complete(connection.execute("CREATE EXTENSION postgis"))
        yield loop.run_until_complete, connection
        loop.run_until_complete(connection.close())
    finally:
        loop.close()
        subprocess.run(
            [*as_owner, str(programs / "pg_ctl"), "-D", str(data), "-m", "fast", "stop"],
            check=False, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


async def _connected(folder: str) -> Any:
    for _ in range(100):
        try:
            return await asyncpg.connect(host=folder, user="bench", database="postgres", timeout=60)
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.1)
    raise NotInstalled("PostgreSQL did not start")


def _postgis_programs() -> Path:
    if not (found := _installed()) and os.getuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *POSTGIS_PACKAGES]):
            subprocess.run(["apt-get", "-qq", *words], check=False, env=environment, capture_output=True)
        found = _installed()
    if not found:
        raise NotInstalled(f"PostGIS: {' and '.join(POSTGIS_PACKAGES)} of Debian are not installed")
    return found


def _installed() -> Path | None:
    for control in sorted(Path("/usr/share/postgresql").glob("*/extension/postgis.control"), reverse=True):
        programs = Path("/usr/lib/postgresql") / control.parts[-3] / "bin"
        if (programs / "initdb").exists():
            return programs
    return None
