"""``steppe evidence`` as an agency types it: a file, a key, and an answer that scripts read."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from fleet.evidence.bundle import EvidenceSigner, read_parts, seal_bundle
from steppe.cli import cli
from tests.unit.fleet.evidence.test_bundle import ABOUT, BUNDLE, NAMES, PARTS, SIGNER, repacked

KEY = SIGNER.public_key.hex()


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle in a folder where nothing else is, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEPPE_NO_SUCH_SETTING", "would be refused by whoever reads settings")
    path = tmp_path / "bundle.tar"
    path.write_bytes(BUNDLE)
    return path


def typed(*words: object) -> Result:
    return CliRunner().invoke(cli, ["evidence", *map(str, words)])


def test_a_whole_bundle_is_verified_with_the_key_alone(bundle: Path, tmp_path: Path) -> None:
    said = typed("verify", bundle, "--key", KEY)
    assert said.exit_code == 0, said.output
    assert said.output.startswith("holds")
    assert "vehicle 7" in said.output
    (tmp_path / "city.key").write_text(f"{KEY}\n")
    assert typed("verify", bundle, "--key", tmp_path / "city.key").exit_code == 0
    report = json.loads(typed("verify", bundle, "--key", KEY, "--json").output)
    assert (report["holds"], report["findings"]) == (True, [])
    assert report["manifest"]["incidentId"] == "i-1"


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_in_any_part_ends_with_exit_code_1(bundle: Path, name: str) -> None:
    parts = read_parts(BUNDLE)
    data = bytearray(parts[name] or b"\0")
    data[len(data) // 2] ^= 1
    bundle.write_bytes(repacked({**parts, name: bytes(data)}))
    said = typed("verify", bundle, "--key", KEY)
    assert said.exit_code == 1
    assert said.output.startswith("DOES NOT HOLD")
    assert json.loads(typed("verify", bundle, "--key", KEY, "--json").output)["findings"]


def test_another_key_a_broken_key_and_a_file_that_is_none_are_told_apart(bundle: Path) -> None:
    other = EvidenceSigner("another secret that is long enough too").public_key.hex()
    assert typed("verify", bundle, "--key", other).exit_code == 1
    broken = typed("verify", bundle, "--key", "abc")
    assert (broken.exit_code, "64 hexadecimal digits" in broken.output) == (1, True)
    bundle.write_bytes(b"no tar")
    assert typed("verify", bundle, "--key", KEY).exit_code == 1
    assert typed("verify", bundle.parent / "none.tar", "--key", KEY).exit_code == 2


def test_an_edition_is_checked_to_follow_the_one_before_and_says_why(bundle: Path, tmp_path: Path) -> None:
    about = msgspec.structs.replace(
        ABOUT, edition=2, previous=hashlib.sha256(BUNDLE).hexdigest(), why="evidence_late: 3 records came"
    )
    second = tmp_path / "second.tar"
    second.write_bytes(seal_bundle(PARTS, about, SIGNER))
    said = typed("verify", second, "--key", KEY, "--before", bundle)
    assert (said.exit_code, "evidence_late: 3 records came" in said.output) == (0, True), said.output
    swapped = typed("verify", bundle, "--key", KEY, "--before", second, "--json")
    assert swapped.exit_code == 1
    assert {one["kind"] for one in json.loads(swapped.output)["findings"]} == {"edition-wrong"}
    other = msgspec.structs.replace(ABOUT, sealed_at=ABOUT.to_at)
    bundle.write_bytes(seal_bundle(PARTS, other, SIGNER))
    assert typed("verify", second, "--key", KEY, "--before", bundle).exit_code == 1


def test_a_bundle_is_shown_with_its_parts_and_counts(bundle: Path) -> None:
    shown = typed("show", bundle).output
    assert "positions.jsonl" in shown
    assert "119" in shown, "the lines of the positions"
    assert typed("show", bundle, "--part", "alarms.json").output == "[]"
    missing = typed("show", bundle, "--part", "none.json")
    assert (missing.exit_code, "has no part none.json" in missing.output) == (1, True)
