"""``steppe evidence``: bundles out of the city, and what anybody can check of one.

``verify`` and ``show`` need the file alone: no database, no settings, no network.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import msgspec

from core import audit
from core.auth.principal import EVERYTHING
from core.database import Database
from core.errors import Invalid, NotFound
from core.ids import IncidentId
from core.settings import load, process_environment
from fleet.evidence.bundle import (
    EvidenceSigner,
    Manifest,
    Verified,
    canonical,
    follows,
    read_parts,
    verify_bundle,
)
from fleet.evidence.store import BundleStore
from fleet.incidents.store import IncidentStore
from steppe.resources import clock_of, secret

_BUNDLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def evidence() -> None:
    """Sealed evidence of incidents."""


@evidence.command("verify")
@click.argument("bundle", type=_BUNDLE)
@click.option(
    "--key", "key", required=True, metavar="KEY", help="Public key in hex, or a file that holds it."
)
@click.option("--before", type=_BUNDLE, help="The edition before: check that BUNDLE follows it.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def evidence_verify(bundle: Path, key: str, before: Path | None, as_json: bool) -> None:
    """Check every hash, the chain and the signature of BUNDLE.

    Needs nothing but the file and the public key. Exit code 1 when something does not hold.
    """
    public_key = read_key(key)
    seen = verify_bundle(bundle.read_bytes(), public_key)
    if before is not None:
        seen = _following(seen, verify_bundle(before.read_bytes(), public_key))
    click.echo(_as_json(seen) if as_json else "\n".join(_report(seen)))
    raise SystemExit(0 if seen.holds else 1)


@evidence.command("show")
@click.argument("bundle", type=_BUNDLE)
@click.option("--part", help="Print this part as it is, instead of the list.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def evidence_show(bundle: Path, part: str | None, as_json: bool) -> None:
    """Say what is in BUNDLE, unchecked; use verify to know whether it is what was sealed."""
    parts = read_parts(bundle.read_bytes())
    if part is not None:
        if part not in parts:
            raise NotFound("not-found", f"the bundle has no part {part}: {', '.join(sorted(parts))}")
        click.echo(parts[part].decode(errors="replace"), nl=False)
        return
    manifest = _manifest(bundle, parts)
    click.echo(canonical(manifest).decode() if as_json else "\n".join(_contents(manifest, parts)))


@evidence.command("key")
def evidence_key() -> None:
    """Print the public key with which this city seals, for whoever verifies."""
    settings = load(process_environment())
    click.echo(EvidenceSigner(secret(settings, "audit_key")).public_key.hex())


@evidence.command("export")
@click.argument("incident_id")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--edition", type=click.IntRange(1), help="Which edition; the newest unless said.")
@click.option("--reason", prompt=True, help="Why it is taken out; goes on record.")
def evidence_export(incident_id: str, output: Path, edition: int | None, reason: str) -> None:
    """Write the sealed bundle of INCIDENT_ID to a file, on record."""
    data = asyncio.run(_exported(IncidentId(incident_id), edition, reason.strip()))
    output.write_bytes(data)
    click.echo(f"{output}: {len(data)} bytes")


def read_key(text: str) -> bytes:
    """Return the 32 bytes of a key given in hex or as a file; raise Invalid for anything else."""
    path = Path(text)
    try:
        words = path.read_text().strip() if len(text) != 64 and path.is_file() else text.strip()
        key = bytes.fromhex(words)
    except (ValueError, OSError):
        key = b""
    if len(key) != 32:
        raise Invalid("invalid-input", "the key is 64 hexadecimal digits, or a file of them", field="key")
    return key


async def _exported(incident_id: IncidentId, edition: int | None, reason: str) -> bytes:
    if not reason:
        raise Invalid("reason-missing", "say why it is taken out", field="reason")
    settings = load(process_environment())
    at = clock_of(settings).now()
    database = await Database.open(settings.database_url)
    try:
        async with database.write() as tx:
            incident = await IncidentStore(tx).get(incident_id, EVERYTHING)
            chosen = edition or incident.evidence_edition
            data = await BundleStore(tx).data(incident_id, chosen)
            shown = {"edition": chosen, "vehicle_no": incident.vehicle_no, "by": "command line"}
            await audit.record(tx, None, "evidence.exported", f"incident:{incident_id}", shown, reason, at=at)
    finally:
        await database.close()
    return data


def _manifest(bundle: Path, parts: dict[str, bytes]) -> Manifest:
    try:
        return msgspec.json.decode(parts.get("manifest.json", b""), type=Manifest)
    except msgspec.DecodeError as error:
        raise Invalid("invalid-input", f"{bundle} is no evidence bundle: {error}", field="bundle") from None


def _report(seen: Verified) -> list[str]:
    lines = [f"{'holds' if seen.holds else 'DOES NOT HOLD'}  sha256 {seen.sha256}  {seen.size} bytes"]
    if seen.manifest is not None:
        lines += _about(seen.manifest)
        lines += [f"  {part.sha256[:16]}…  {part.name}" for part in seen.manifest.parts]
    lines += [f"✗ {found.kind} {found.part}: {found.detail}" for found in seen.findings]
    return lines


def _following(seen: Verified, before: Verified) -> Verified:
    """Return the report with what is wrong with the edition before, and with following it."""
    findings = (*seen.findings, *before.findings, *follows(seen, before))
    return msgspec.structs.replace(seen, findings=findings, holds=not findings)


def _contents(manifest: Manifest, parts: dict[str, bytes]) -> list[str]:
    lines = _about(manifest)
    for part in manifest.parts:
        count = _count(part.name, parts.get(part.name, b""))
        lines.append(f"  {part.name:<20} {part.size:>8} bytes  {count:>6}  {part.what}")
    return lines


def _about(manifest: Manifest) -> list[str]:
    return [
        f"incident {manifest.incident_id}  vehicle {manifest.vehicle_no}  edition {manifest.edition}",
        f"window   {manifest.from_at.isoformat()} … {manifest.to_at.isoformat()}",
        f"sealed   {manifest.sealed_at.isoformat()}  kept until {manifest.keep_until.isoformat()}",
        f"key      {manifest.public_key}",
        *([f"follows  {manifest.previous}  {manifest.why}"] if manifest.previous else []),
    ]


def _count(name: str, data: bytes) -> str:
    """Return how many records a part has, empty for one that is no list."""
    if name.endswith(".jsonl"):
        return str(data.count(b"\n"))
    try:
        value: Any = json.loads(data)
    except ValueError:
        return "?"
    return str(len(value)) if isinstance(value, list) else ""


def _as_json(seen: Verified) -> str:
    return canonical(seen).decode()
