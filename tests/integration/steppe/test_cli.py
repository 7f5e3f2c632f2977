"""The ``steppe`` command as a person or a script meets it: help, JSON, sentences instead of traces."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core.auth.machines import machine_of_key
from core.auth.passwords import Passwords
from core.auth.staff import StaffStore
from core.auth.tables import staff
from core.database import Database
from core.settings import load
from steppe.city.issued import Issued, read_issued
from steppe.cli import PROCESSES, cli
from steppe.schema import head

TINY = str(Path(__file__).parents[2] / "fixtures" / "cities" / "tiny")
SECRETS = {
    f"STEPPE_SECURITY__{name}_KEY": f"{name.lower()}-key-of-a-test-0123456789abcdef"
    for name in ("ENCRYPTION", "INDEX", "TOKEN", "KEYPAD", "AUDIT", "INTERNAL")
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "STEPPE_ENVIRONMENT": "test",
        "STEPPE_DATA_DIR": str(tmp_path / "var"),
        "STEPPE_CITY__PACK": TINY,
    }


def _steppe(
    *words: str, environment: Mapping[str, str], within_s: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a process of its own, as a shell does."""
    return subprocess.run(
        [sys.executable, "-m", "steppe", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def _here(environment: Mapping[str, str], *words: str) -> Result:
    """Run the command in this process: the same code without a second of imports."""
    return CliRunner(env=environment).invoke(cli, list(words))


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)


@pytest.mark.parametrize("words", list(_commands(cli)), ids=" ".join)
def test_every_command_says_what_it_does(words: tuple[str, ...], environment: dict[str, str]) -> None:
    answer = _here(environment, *words, "--help")
    assert answer.exit_code == 0, answer.output
    assert f"Usage: {'steppe' if words[0] == 'simulate' else 'cli'} {' '.join(words)}" in answer.output
    said = answer.output.split("\n\n")[1].strip()
    assert said
    assert not said.startswith("Options:"), "a command without a sentence"


def test_help_lists_every_process_in_sentences_that_fit_a_terminal() -> None:
    listed = _here({"COLUMNS": "80"}, "--help").output
    assert "..." not in listed.partition("Commands:")[2]
    assert [name for name in PROCESSES if f"  {name} " not in listed] == []


@pytest.mark.parametrize(
    "words", [["tracker"], ["worker", "--queue", "dispatch"], ["up"], ["audit", "verify"]], ids=" ".join
)
def test_an_unknown_setting_stops_every_command_with_its_name(words: list[str]) -> None:
    answer = _steppe(*words, environment={"STEPPE_API__PROT": "1"})
    assert answer.returncode == 1
    assert answer.stderr == (
        "steppe: STEPPE_API__PROT: there is no such setting; did you mean STEPPE_API__PORT?"
        " `docs/settings.md` lists them\n"
    )


def test_production_without_secrets_does_not_start(environment: dict[str, str]) -> None:
    answer = _steppe("gateway", environment={**environment, "STEPPE_ENVIRONMENT": "production"})
    assert (answer.returncode, answer.stdout) == (1, "")
    others = ", ".join(sorted(set(SECRETS) - {"STEPPE_SECURITY__ENCRYPTION_KEY"}, key=list(SECRETS).index))
    assert answer.stderr == (
        f"steppe: STEPPE_SECURITY__ENCRYPTION_KEY: a secret has no default in production; nor have {others}\n"
    )


def test_a_single_process_without_redis_says_where_one_comes_from(environment: dict[str, str]) -> None:
    answer = _steppe("tracker", environment=environment)
    assert answer.returncode == 1
    assert answer.stderr.startswith("steppe: STEPPE_REDIS__URL is not set")
    assert "`steppe up` starts an embedded one" in answer.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    nowhere = "postgresql+asyncpg://steppe:secret@127.0.0.1:1/steppe"
    answer = _here({**environment, "STEPPE_DATABASE__URL": nowhere}, "audit", "verify")
    assert answer.exit_code == 1
    assert answer.output.startswith("steppe: database-unavailable: The database cannot be reached")
    assert "secret" not in answer.output


def test_a_database_without_a_schema_is_told_how_to_get_one(environment: dict[str, str]) -> None:
    Path(environment["STEPPE_DATA_DIR"]).mkdir()
    answer = _here(environment, "audit", "verify")
    assert (answer.exit_code, "`steppe database upgrade`" in answer.output) == (1, True)


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    answer = _steppe("up", environment={**environment, "STEPPE_DATA_DIR": "/proc/steppe"})
    assert answer.returncode == 1
    assert answer.stderr == (
        "steppe: unavailable: nothing can be written to /proc/steppe (No such file or directory):"
        " choose another folder with --data-dir or STEPPE_DATA_DIR\n"
    )


def test_a_full_disk_is_told_with_a_way_out() -> None:
    answer = _here({}, "openapi", "--output", "/dev/full")
    assert answer.exit_code == 1
    said = "the disk is full: free some of it, or choose another one with --data-dir or STEPPE_DATA_DIR"
    assert answer.output == f"steppe: {said}\n"


def test_a_process_without_map_tiles_says_what_makes_them(
    environment: dict[str, str], valkey_url: str
) -> None:
    environment |= {"STEPPE_REDIS__URL": valkey_url}
    assert _here(environment, "database", "upgrade").exit_code == 0
    answer = _steppe("worker", "--queue", "dispatch", environment=environment)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1].startswith(
        "steppe: routing-unavailable: there are no map tiles in "
    )
    assert "`steppe city load` makes them" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_taken_port_ends_a_process_with_a_sentence(environment: dict[str, str], valkey_url: str) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = {"STEPPE_REDIS__URL": valkey_url, "STEPPE_ARCHIVER__HEALTH_PORT": port}
        answer = _steppe("archiver", environment={**environment, **given})
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1].startswith(
        "steppe: unavailable: health ended before the stop: [Errno"
    )
    assert "already in use" in answer.stderr.splitlines()[-1]


def test_a_demo_beside_another_says_which_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = _steppe("demo", "--port", port, "--data-dir", str(tmp_path / "demo"), environment={})
    assert answer.returncode == 1
    assert answer.stderr == (
        f"steppe: port {port} is taken, by another program or a demo that runs already: stop that one,"
        f" or take other ports with `make demo PORT={int(port) + 100}` (steppe demo --port)\n"
    )
    assert not (tmp_path / "demo").exists()


def test_the_schema_is_brought_up_and_named(environment: dict[str, str]) -> None:
    assert _here(environment, "database", "current").output == (
        f"database never migrated, this version {head()}\n"
    )
    assert _here(environment, "database", "upgrade").output.endswith(f"schema is at {head()}\n")
    assert _here(environment, "database", "current").output == f"database {head()}, this version {head()}\n"


def test_a_city_is_loaded_once_and_counted_in_json(environment: dict[str, str]) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    first = _here(environment, "city", "load", TINY, "--json")
    assert first.exit_code == 0, first.output
    counts = json.loads(first.stdout)["counts"]
    assert "accounts, keys and tokens" in first.stderr
    assert counts["vehicles"] == {"created": 3, "updated": 0, "retired": 0, "unchanged": 0}
    # without a name it is the pack of the settings
    again = json.loads(_here(environment, "city", "load", "--json").stdout)["counts"]
    assert {noun for noun, count in again.items() if count["created"] or count["updated"]} == set()
    audit = _here(environment, "audit", "verify")
    assert (audit.exit_code, "holds: True" in audit.output) == (0, True)


def test_production_is_told_no_secret_in_a_file(environment: dict[str, str]) -> None:
    environment |= {"STEPPE_ENVIRONMENT": "production", **SECRETS}
    assert _here(environment, "database", "upgrade").exit_code == 0
    loaded = _here(environment, "city", "load", TINY, "--json")
    assert loaded.exit_code == 0, loaded.output
    assert not (Path(environment["STEPPE_DATA_DIR"]) / "issued.json").exists()
    assert not {"staff accounts", "maker keys", "merchant tokens"} & set(json.loads(loaded.stdout)["counts"])


def test_a_load_with_another_key_than_the_database_has_says_which_setting(
    environment: dict[str, str],
) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    assert _here(environment, "city", "load").exit_code == 0
    other = {"STEPPE_SECURITY__ENCRYPTION_KEY": "another-key-than-the-first-0123456789"}
    answer = _here({**environment, **other}, "city", "load")
    assert answer.exit_code == 1
    assert (
        "steppe: STEPPE_SECURITY__ENCRYPTION_KEY: the database was written with another key" in answer.output
    )


@pytest.mark.parametrize(
    "commits",
    [7, pytest.param(5, marks=pytest.mark.thorough), pytest.param(8, marks=pytest.mark.thorough)],
)
def test_a_load_that_was_killed_is_healed_by_the_next_and_every_log_in_is_known(
    environment: dict[str, str], commits: int
) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    crash = {"STEPPE_CRASH__POINT": "after_commit", "STEPPE_CRASH__AFTER": str(commits)}
    assert _steppe("city", "load", environment={**environment, **crash}).returncode == -signal.SIGKILL
    again = _here(environment, "city", "load")
    assert again.exit_code == 0, again.output
    issued = read_issued(Path(environment["STEPPE_DATA_DIR"]))
    assert issued is not None
    checked = asyncio.run(_opened(environment, issued))
    names = {"dispatcher-aa", "crew-aa", "remote-aa-01", "remote-aa-02", "maker-aa-1"}
    assert checked == dict.fromkeys(names, True)


async def _opened(environment: Mapping[str, str], issued: Issued) -> dict[str, bool]:
    """Return whether what was told opens each account and key that the database has."""
    database = await Database.open(load(environment).database_url)
    async with database.read() as tx:
        names = (await tx.execute(select(staff.c.username))).scalars().all()
        opened = dict.fromkeys(names, False)
        for log_in in issued.staff:
            secrets = await StaffStore(tx).secrets_of(log_in.username)
            assert secrets is not None
            opened[log_in.username] = (await Passwords().check(log_in.password, secrets.password_hash))[0]
        for key in issued.makers:
            machine = await machine_of_key(tx, key.key_id, key.secret)
            opened[key.key_id] = machine.subject == key.maker
    await database.close()
    return opened


def test_a_city_nobody_has_is_refused_with_those_there_are(environment: dict[str, str]) -> None:
    answer = _here(environment, "city", "load", "atlantis")
    assert answer.exit_code == 1
    assert answer.output.startswith("steppe: city-pack-missing: no city pack 'atlantis'")
    assert "ordos" in answer.output


def test_the_doctor_tells_a_machine_what_to_do(environment: dict[str, str]) -> None:
    Path(environment["STEPPE_DATA_DIR"]).mkdir()
    (Path(environment["STEPPE_DATA_DIR"]) / "steppe.sqlite3").touch()
    environment["STEPPE_REDIS__URL"] = "redis://127.0.0.1:1/0"
    answer = _here(environment, "doctor", "--json")
    found = {finding["subject"]: finding for finding in json.loads(answer.output)}
    assert answer.exit_code == 1
    assert found["python"]["ok"]
    assert "`steppe database upgrade`" in found["database"]["advice"]
    assert "STEPPE_REDIS__URL" in found["redis"]["advice"]
    assert (found["roads"]["ok"], found["roads"]["advice"]) == (False, "`steppe city load`")


def test_the_doctor_has_nothing_to_say_about_a_city_that_is_loaded(environment: dict[str, str]) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    assert _here(environment, "city", "load").exit_code == 0
    found = {one["subject"]: one for one in json.loads(_here(environment, "doctor", "--json").output)}
    assert [found[subject]["advice"] for subject in ("database", "redis", "roads", "disk", "settings")] == [
        ""
    ] * 5


def test_a_schema_that_is_behind_and_one_from_a_later_version_are_told_apart(
    environment: dict[str, str],
) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    with sqlite3.connect(Path(environment["STEPPE_DATA_DIR"]) / "steppe.sqlite3") as facts:
        facts.execute("UPDATE alembic_version SET version_num = '0000'")
    found = {one["subject"]: one for one in json.loads(_here(environment, "doctor", "--json").output)}
    assert found["database"] == {
        "subject": "database",
        "ok": False,
        "detail": f"sqlite, the schema is at 0000, this version wants {head()}",
        "advice": "`steppe database upgrade`",
    }
    refused = _here(environment, "database", "upgrade")
    assert refused.exit_code == 1
    assert refused.output.splitlines()[-1].startswith(
        "steppe: conflict: the database was written by another version of Steppe"
    )


@pytest.mark.parametrize(
    ("given", "subject", "detail", "advice"),
    [
        ({"STEPPE_FOO": "1"}, "settings", "there is no such setting", "docs/settings.md"),
        ({"STEPPE_REDIS__URL": "localhost"}, "settings", "begins with redis://", "docs/settings.md"),
        (
            {"STEPPE_ENVIRONMENT": "production"},
            "settings",
            "STEPPE_SECURITY__KEYPAD_KEY",
            "docs/operations.md",
        ),
        ({"STEPPE_ENVIRONMENT": "production", **SECRETS}, "public url", "http://127.0.0.1", "https://"),
        (
            {"STEPPE_DATABASE__URL": "postgresql+asyncpg://steppe:hidden@127.0.0.1:1/steppe"},
            "database",
            "cannot be reached",
            "is it running?",
        ),
        ({"STEPPE_DATA_DIR": "/dev/null/a/b"}, "disk", "written below /dev/null", "STEPPE_DATA_DIR"),
    ],
    ids=["unknown name", "bad address", "no secrets", "no https", "no database", "no folder"],
)
def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(
    environment: dict[str, str], given: dict[str, str], subject: str, detail: str, advice: str
) -> None:
    answer = _here({**environment, **given}, "doctor", "--json")
    found = {one["subject"]: one for one in json.loads(answer.output)}[subject]
    assert (answer.exit_code, found["ok"]) == (1, False)
    assert detail in found["detail"]
    assert advice in found["advice"]
    assert "hidden" not in answer.output


def test_the_doctor_names_a_setting_that_is_wrong(environment: dict[str, str]) -> None:
    answer = _here({**environment, "STEPPE_API__PORT": "http"}, "doctor")
    assert answer.exit_code == 1
    assert "!!  settings     STEPPE_API__PORT: Expected `int`" in answer.output


@pytest.mark.parametrize("process", PROCESSES)
def test_the_health_of_a_process_that_does_not_run_is_red(process: str, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    ports = ("API__PORT", "GATEWAY__PORT", "TRACKER__HEALTH_PORT", "ARCHIVER__HEALTH_PORT")
    all_ports = (*ports, "SCHEDULER__PORT", "WORKER__HEALTH_PORT")
    answer = _here({**environment, **{f"STEPPE_{name}": port for name in all_ports}}, "health", process)
    assert answer.exit_code == 1
    assert answer.output == (f"{process}: no answer at http://127.0.0.1:{port}/health/ready (ConnectError)\n")


def test_the_openapi_document_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert _here({}, "openapi", "--output", str(file)).exit_code == 0
    document = json.loads(file.read_text())
    assert document["openapi"].startswith("3.1")
    assert json.loads(_here({}, "openapi").output) == document


def test_the_rule_at_a_place_is_printed_with_the_fence_that_decided(environment: dict[str, str]) -> None:
    assert _here(environment, "database", "upgrade").exit_code == 0
    assert _here(environment, "city", "load").exit_code == 0
    here = ("fences", "rule", "--lat", "40.0", "--lng", "110.0", "--service", "delivery")
    rule = json.loads(_here(environment, *here, "--json").stdout)
    assert {"district", "operating_area"} & {fence["kind"] for fence in rule["fences"]}
    assert _here(environment, *here).stdout.splitlines()[0].startswith("speed limit: ")
    refused = _here(environment, *here, "--at", "tomorrow")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "steppe: invalid-input: tomorrow is no moment with a time zone\n",
    )
