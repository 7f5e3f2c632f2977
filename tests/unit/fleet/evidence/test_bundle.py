"""A bundle proves itself: whatever is changed, taken out, moved or added to it is found."""

import io
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.evidence.bundle import (
    MANIFEST,
    SIGNATURE,
    About,
    EvidenceSigner,
    Part,
    read_parts,
    seal_bundle,
    verify_bundle,
)

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
SIGNER = EvidenceSigner("a secret of a test that is long enough")
PARTS = [
    (Part("incident.json", b'{"incidentId":"i-1"}'), "the incident"),
    (Part("positions.jsonl", b"\n".join(b'{"seq":%d}' % n for n in range(120))), "positions"),
    (Part("alarms.json", b"[]"), "alarms"),
    (Part("refused.json", b""), "nothing"),
]
NAMES = [*(part.name for part, _ in PARTS), MANIFEST, SIGNATURE]
ABOUT = About(
    incident_id="i-1",
    vehicle_no=7,
    edition=1,
    previous=None,
    from_at=AT - timedelta(seconds=90),
    to_at=AT + timedelta(seconds=30),
    sealed_at=AT + timedelta(seconds=60),
    keep_until=AT + timedelta(days=365),
)
BUNDLE = seal_bundle(PARTS, ABOUT, SIGNER)


def kinds(data: bytes, key: bytes = SIGNER.public_key) -> set[str]:
    seen = verify_bundle(data, key)
    assert seen.holds == (not seen.findings)
    return {finding.kind for finding in seen.findings}


def repacked(parts: dict[str, bytes]) -> bytes:
    """A tar as anybody would make it of changed parts: as canonical as ours."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o444
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_a_whole_bundle_holds_and_says_what_is_in_it() -> None:
    seen = verify_bundle(BUNDLE, SIGNER.public_key)
    assert seen.holds
    assert seen.manifest is not None
    assert (seen.manifest.incident_id, seen.manifest.vehicle_no, seen.manifest.edition) == ("i-1", 7, 1)
    assert [part.name for part in seen.manifest.parts] == NAMES[:-2]
    assert (seen.manifest.from_at, seen.manifest.to_at) == (ABOUT.from_at, ABOUT.to_at)


def test_the_same_parts_make_the_same_bytes() -> None:
    assert seal_bundle(PARTS, ABOUT, SIGNER) == BUNDLE
    assert repacked(read_parts(BUNDLE)) == BUNDLE


@pytest.mark.parametrize("name", NAMES)
def test_one_flipped_bit_of_any_byte_of_a_part_is_found(name: str) -> None:
    parts = read_parts(BUNDLE)
    for at in range(0, len(parts[name]), max(1, len(parts[name]) // 97)):
        for bit in range(8):
            changed = bytearray(parts[name])
            changed[at] ^= 1 << bit
            assert kinds(repacked({**parts, name: bytes(changed)})), (name, at, bit)


@given(at=st.integers(0, len(BUNDLE) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_in_the_file_is_found(at: int, bit: int) -> None:
    changed = bytearray(BUNDLE)
    changed[at] ^= 1 << bit
    assert kinds(bytes(changed))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_part_is_found_by_name(name: str) -> None:
    parts = read_parts(BUNDLE)
    del parts[name]
    expected = {MANIFEST: "manifest-unreadable", SIGNATURE: "signature-wrong"}.get(name, "part-missing")
    assert expected in kinds(repacked(parts))


def test_parts_in_another_order_are_found_though_each_is_whole() -> None:
    parts = read_parts(BUNDLE)
    moved = {name: parts[name] for name in ("alarms.json", *(n for n in NAMES if n != "alarms.json"))}
    assert kinds(repacked(moved)) == {"order-changed"}


def test_a_part_that_was_added_is_found() -> None:
    assert "part-unnamed" in kinds(repacked({**read_parts(BUNDLE), "more.json": b"{}"}))


def test_a_bundle_that_somebody_else_sealed_is_found() -> None:
    forger = EvidenceSigner("another secret that is long enough too")
    assert kinds(seal_bundle(PARTS, ABOUT, forger)) == {"signature-wrong"}
    assert kinds(BUNDLE, forger.public_key) == {"signature-wrong"}
    assert kinds(BUNDLE, b"no key") == {"signature-wrong"}


def test_bytes_behind_the_end_a_cut_file_and_no_file_at_all_are_found() -> None:
    assert kinds(BUNDLE + b"\0" * 512)
    for size in (0, 1, 511, len(BUNDLE) // 2, len(BUNDLE) - 1):
        assert kinds(BUNDLE[:size]), size
    assert kinds(b"PK\x03\x04 this is something else") == {"file-unreadable", "manifest-unreadable"}


def test_a_name_that_is_used_twice_or_kept_is_refused() -> None:
    for name in ("alarms.json", MANIFEST, SIGNATURE):
        with pytest.raises(ValueError, match="names of parts"):
            seal_bundle([*PARTS, (Part(name, b""), "")], ABOUT, SIGNER)
