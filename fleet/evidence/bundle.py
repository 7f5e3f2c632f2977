"""The bundle: one tar file of parts, a manifest that chains their hashes, and a signature. Pure.

Anybody can read it with tar and check it with sha256sum and the public key; ``verify_bundle`` does both and
needs nothing else. The file is canonical: the same parts make the same bytes, so a changed byte anywhere, in
a part, a header or the padding, is found.

    parts (in the order of the manifest) … manifest.json … signature.ed25519
"""

import hashlib
import io
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.audit.chain import GENESIS, chain_hash
from core.privacy.cipher import derive_key

FORMAT: Final = "steppe-evidence-bundle 1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.ed25519"
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is read at all: a thousand times what two minutes of one vehicle take."""


class Part(msgspec.Struct, frozen=True):
    """One file of a bundle."""

    name: str
    data: bytes


class Sealed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part as the manifest knows it."""

    name: str
    size: int
    sha256: str
    chain: str
    """SHA-256 over the chain before, the number of the part (8 bytes, from 1) and its SHA-256."""
    what: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is in a bundle, whose and of when; the signature is over its bytes."""

    format: str
    incident_id: str
    vehicle_no: int
    edition: int
    """1 for the first; a later one knows more, and names the one before."""
    previous: str | None
    """SHA-256 of the file of the edition before, in hex."""
    why: str = ""
    """Why there is a further edition; empty for the first."""
    from_at: datetime
    to_at: datetime
    sealed_at: datetime
    keep_until: datetime
    public_key: str
    """Of the signature, in hex; whoever verifies brings his own and compares."""
    parts: tuple[Sealed, ...]
    chain: str
    """The chain behind the last part."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not hold."""

    kind: str
    """file-unreadable, manifest-unreadable, part-missing, part-unnamed, part-changed, order-changed,
    chain-broken, signature-wrong, file-changed, edition-wrong."""
    part: str
    detail: str


class Verified(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the verifier saw."""

    holds: bool
    sha256: str
    size: int
    manifest: Manifest | None
    findings: tuple[Finding, ...]


class EvidenceSigner:
    """Signs manifests with Ed25519 (RFC 8032); the key is drawn from ``security.audit_key``."""

    def __init__(self, audit_key: str) -> None:
        """Take the secret; the same secret gives the same key pair on every machine."""
        self._private = Ed25519PrivateKey.from_private_bytes(derive_key(audit_key.encode(), "evidence"))
        self.public_key: bytes = self._private.public_key().public_bytes_raw()
        """32 bytes to give to whoever verifies; it cannot sign."""

    def sign(self, manifest: bytes) -> bytes:
        """Return the 64-byte signature of a manifest's bytes."""
        return self._private.sign(_signed(manifest))


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whose bundle it is, and of when."""

    incident_id: str
    vehicle_no: int
    edition: int
    previous: str | None
    why: str = ""
    from_at: datetime
    to_at: datetime
    sealed_at: datetime
    keep_until: datetime


def seal_bundle(parts: Sequence[tuple[Part, str]], about: About, signer: EvidenceSigner) -> bytes:
    """Return the file of a bundle: (part, what it is) in the order of the chain.

    Raises ValueError for two parts of one name or a name that the format keeps for itself.
    """
    names = [part.name for part, _ in parts]
    if len(set(names)) != len(names) or {MANIFEST, SIGNATURE} & set(names):
        raise ValueError(f"names of parts are used twice or kept: {names}")
    sealed, chain = [], GENESIS
    for number, (part, what) in enumerate(parts, 1):
        digest = hashlib.sha256(part.data).digest()
        chain = chain_hash(chain, number, digest)
        sealed.append(
            Sealed(name=part.name, size=len(part.data), sha256=digest.hex(), chain=chain.hex(), what=what)
        )
    manifest = Manifest(
        **msgspec.structs.asdict(about),
        format=FORMAT,
        public_key=signer.public_key.hex(),
        parts=tuple(sealed),
        chain=chain.hex(),
    )
    head = canonical(manifest)
    signature = signer.sign(head)
    return _packed([*(part for part, _ in parts), Part(MANIFEST, head), Part(SIGNATURE, signature)])


def verify_bundle(data: bytes, public_key: bytes) -> Verified:
    """Return what holds of a file, given the 32 bytes of the key that must have signed it; never raises."""
    findings: list[Finding] = []
    parts = _unpacked(data, findings)
    manifest = _manifest_of(parts, findings)
    if manifest is not None:
        _check_parts(manifest, parts, findings)
        _check_signature(parts, manifest, public_key, findings)
    if parts and _packed(parts) != data:
        _find(findings, "file-changed", "", "bytes outside the parts are not what was sealed")
    return Verified(
        holds=not findings and manifest is not None,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        manifest=manifest,
        findings=tuple(findings),
    )


def follows(later: Verified, before: Verified) -> tuple[Finding, ...]:
    """Return what is wrong with one file being the edition after another; each is verified by itself."""
    mine, other = later.manifest, before.manifest
    findings: list[Finding] = []
    if mine is None or other is None:
        _find(findings, "edition-wrong", MANIFEST, "a file has no manifest")
        return tuple(findings)
    if mine.previous != before.sha256:
        _find(findings, "edition-wrong", MANIFEST, "the edition before has another hash than this file")
    if (mine.incident_id, mine.edition) != (other.incident_id, other.edition + 1):
        detail = f"edition {mine.edition} does not follow edition {other.edition} of {other.incident_id}"
        _find(findings, "edition-wrong", MANIFEST, detail)
    return tuple(findings)


def read_parts(data: bytes) -> dict[str, bytes]:
    """Return the parts of a bundle by name, unchecked; empty for a file that is none."""
    return {part.name: part.data for part in _unpacked(data, [])}


def canonical(value: Any) -> bytes:
    """Return a value as the one JSON text that stands for it: sorted keys, moments in UTC."""
    return msgspec.json.encode(_in_utc(msgspec.to_builtins(value, builtin_types=(datetime,))), order="sorted")


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, dict):
        return {key: _in_utc(inner) for key, inner in value.items()}
    return [_in_utc(inner) for inner in value] if isinstance(value, list | tuple) else value


def _signed(manifest: bytes) -> bytes:
    return FORMAT.encode() + b"\n" + manifest


def _packed(parts: Sequence[Part]) -> bytes:
    """Return the one tar file of these parts: no owner, no time, so that nothing of the machine is in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for part in parts:
            info = tarfile.TarInfo(part.name)
            info.size, info.mode = len(part.data), 0o444
            tar.addfile(info, io.BytesIO(part.data))
    return out.getvalue()


def _unpacked(data: bytes, findings: list[Finding]) -> list[Part]:
    if len(data) > LARGEST:
        _find(findings, "file-unreadable", "", f"a bundle has at most {LARGEST} bytes")
        return []
    parts = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is None:
                    _find(findings, "file-unreadable", member.name, "a bundle holds plain files only")
                    return []
                parts.append(Part(member.name, file.read()))
        _packed(parts)
    except (tarfile.TarError, ValueError, EOFError, OSError, OverflowError) as error:
        _find(findings, "file-unreadable", "", f"this is no bundle: {error}")
        return []
    return parts


def _manifest_of(parts: Sequence[Part], findings: list[Finding]) -> Manifest | None:
    raw = next((part.data for part in parts if part.name == MANIFEST), None)
    if raw is None:
        _find(findings, "manifest-unreadable", MANIFEST, "the file has no manifest")
        return None
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _find(findings, "manifest-unreadable", MANIFEST, str(error))
        return None
    if manifest.format != FORMAT:
        _find(findings, "manifest-unreadable", MANIFEST, f"the format is {manifest.format!r}, not {FORMAT!r}")
    return manifest


def _check_parts(manifest: Manifest, parts: Sequence[Part], findings: list[Finding]) -> None:
    found = {part.name: part.data for part in parts}
    named = [sealed.name for sealed in manifest.parts]
    for part in parts:
        if part.name not in (*named, MANIFEST, SIGNATURE):
            _find(findings, "part-unnamed", part.name, "the manifest does not name it")
    if [part.name for part in parts] != [*named, MANIFEST, SIGNATURE]:
        _find(findings, "order-changed", "", "the parts do not lie in the order of the chain")
    chain = GENESIS
    for number, sealed in enumerate(manifest.parts, 1):
        data = found.get(sealed.name)
        if data is None:
            _find(findings, "part-missing", sealed.name, "the manifest names it, the file has it not")
            continue
        digest = hashlib.sha256(data)
        if digest.hexdigest() != sealed.sha256 or len(data) != sealed.size:
            _find(findings, "part-changed", sealed.name, "it is not what was sealed")
        chain = chain_hash(chain, number, digest.digest())
        if chain.hex() != sealed.chain:
            _find(findings, "chain-broken", sealed.name, "the chain does not lead here")
    if chain.hex() != manifest.chain:
        _find(findings, "chain-broken", MANIFEST, "the chain does not end where the manifest says")


def _check_signature(
    parts: Sequence[Part], manifest: Manifest, public_key: bytes, findings: list[Finding]
) -> None:
    found = {part.name: part.data for part in parts}
    if manifest.public_key != public_key.hex():
        _find(findings, "signature-wrong", SIGNATURE, "it was sealed with another key than the one given")
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(found.get(SIGNATURE, b""), _signed(found[MANIFEST]))
    except (InvalidSignature, ValueError):
        _find(findings, "signature-wrong", SIGNATURE, "the manifest is not signed by the key given")


def _find(findings: list[Finding], kind: str, part: str, detail: str) -> None:
    findings.append(Finding(kind=kind, part=part, detail=detail))
