"""``steppe history`` as a person or a script meets it, on real files and a real database."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.clock import moment_of_ms
from core.database import Database
from core.settings import load
from fleet.history.files import RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import HOUR_MS
from fleet.history.layout import POSITIONS
from steppe.cli import cli
from steppe.schema import upgrade
from tests.history import HOUR, T0, Written, compact


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "STEPPE_ENVIRONMENT": "test",
        "STEPPE_DATA_DIR": str(tmp_path / "var"),
        "STEPPE_CITY__ZONE": "Asia/Shanghai",
        "STEPPE_TIME__ORIGIN_WALL": "2026-01-01T00:00:00+00:00",
        "STEPPE_TIME__ORIGIN_CITY": "2028-01-01T00:00:00+00:00",
    }


@pytest.fixture
def written(environment: Mapping[str, str]) -> Written:
    written = Written(Path(environment["STEPPE_DATA_DIR"]) / "history")
    written.minutes((7, 8), T0, T0 + HOUR_MS, every_ms=600_000)
    written.minutes((7,), T0 + HOUR_MS, T0 + HOUR_MS + 60_000)
    return written


def steppe(environment: Mapping[str, str], *words: str) -> Result:
    return CliRunner().invoke(cli, ["history", *words], env={**environment, "STEPPE_REDIS__URL": None})


def iso(ms: int) -> str:
    return moment_of_ms(ms).isoformat()


def test_replay_says_every_position_as_json(environment: Mapping[str, str], written: Written) -> None:
    words = ("replay", "7", "--from", iso(T0), "--to", iso(T0 + 9000), "--json")
    said = json.loads(steppe(environment, *words).stdout)
    assert len(said["points"]) == 10
    assert said["points"][0]["lat"] == 39.6
    assert (said["level"], said["isCut"], said["gaps"]) == ("full", False, [])


def test_a_silence_is_said_in_the_words_of_the_api(environment: Mapping[str, str], written: Written) -> None:
    words = ("replay", "7", "--from", iso(T0 - 60_000), "--to", iso(T0), "--json")
    said = json.loads(steppe(environment, *words).stdout)
    assert said["gaps"] == [{"fromMs": T0 - 60_000, "toMs": T0}]


def test_left_out_times_mean_the_last_hour_that_history_holds(
    environment: Mapping[str, str], written: Written
) -> None:
    said = json.loads(steppe(environment, "replay", "7", "--json").stdout)
    assert (said["fromMs"], said["toMs"]) == (T0 + 59_000, T0 + HOUR_MS + 59_000)


def test_a_time_without_a_zone_is_the_citys(environment: Mapping[str, str], written: Written) -> None:
    at = json.loads(steppe(environment, "at", "2027-01-15T16:00:30", "--json").stdout)
    assert at["atMs"] % 86_400_000 == 8 * 3_600_000 + 30_000


def test_at_says_where_everybody_was(environment: Mapping[str, str], written: Written) -> None:
    said = json.loads(steppe(environment, "at", iso(T0 + 5500), "--json").stdout)
    assert [vehicle["vehicleNo"] for vehicle in said["vehicles"]] == [7, 8]
    empty = steppe(environment, "at", iso(T0 + 5500), "--bbox", "1,1,2,2")
    assert "0 vehicles" in empty.stderr


def test_summary_says_what_a_vehicle_did(environment: Mapping[str, str], written: Written) -> None:
    words = ("summary", "7", "8", "--from", iso(T0), "--to", iso(T0 + HOUR_MS))
    said = json.loads(steppe(environment, *words, "--json").stdout)
    assert [(one["vehicleNo"], one["stops"], one["topSpeedMps"]) for one in said] == [(7, 1, 0), (8, 1, 0)]
    assert "60.0 min" in steppe(environment, *words).stdout


async def exports_on_record(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    database = await Database.open(load(environment).database_url)
    async with database.read() as tx:
        rows = (await tx.execute(select(audit_entries.c.action, audit_entries.c.reason))).all()
    await database.close()
    return [(row.action, row.reason) for row in rows]


def test_export_writes_a_file_and_stands_in_the_audit(
    environment: Mapping[str, str], written: Written, tmp_path: Path
) -> None:
    upgrade(load(environment).database_url)
    words = ("--vehicle", "7", "--from", iso(T0), "--to", iso(T0 + 9000), "--reason", "case 12")
    printed = steppe(environment, "export", *words)
    assert len(list(csv.DictReader(io.StringIO(printed.stdout)))) == 10
    out = tmp_path / "out.gpx"
    assert steppe(environment, "export", "--format", "gpx", "--output", str(out), *words).exit_code == 0
    assert (
        len(list(ElementTree.fromstring(out.read_text()).iter("{http://www.topografix.com/GPX/1/1}trkpt")))
        == 10
    )
    assert asyncio.run(exports_on_record(environment)) == [("history.exported", "case 12")] * 2


def test_an_export_of_too_much_is_refused_with_the_limit(
    environment: Mapping[str, str], written: Written
) -> None:
    upgrade(load(environment).database_url)
    words = ("--from", iso(T0), "--to", iso(T0 + 7 * HOUR_MS), "--reason", "all", "--bbox", "109,39,110,40")
    refused = steppe(environment, "export", *words)
    assert refused.exit_code == 1
    assert "at most 6.0 at once" in refused.stderr


def test_check_is_silent_about_a_sound_history_and_names_the_gap_of_another(
    environment: Mapping[str, str], written: Written
) -> None:
    sound = steppe(environment, "check", "--json")
    assert (sound.exit_code, json.loads(sound.stdout)["isSound"]) == (0, True)
    sorted(RawFiles.all(written.files.positions))[2].path.unlink()
    broken = steppe(environment, "check")
    assert broken.exit_code == 1
    assert "the first gap is raw file 3" in broken.stdout


def test_compact_writes_the_hours_that_are_due(environment: Mapping[str, str], written: Written) -> None:
    upgrade(load(environment).database_url)
    done = steppe(environment, "compact", "--json")
    assert json.loads(done.stdout)["hours_written"] == 2
    assert f"{2 * 3600:,} kept" in done.stderr
    assert list(HourFiles(written.folder, POSITIONS).newest()) == [HOUR, HOUR + 1]
    assert compact(written.folder, T0 + 48 * HOUR_MS) == []
    assert steppe(environment, "check").exit_code == 0


def test_a_time_that_is_none_is_a_sentence(environment: Mapping[str, str], written: Written) -> None:
    refused = steppe(environment, "at", "yesterday")
    assert refused.exit_code == 1
    assert "'yesterday' is no time in ISO 8601" in refused.stderr
