"""The code on the body of a vehicle: layout, check character and the machine of its status.

The layout ``CITY-DISTRICT-SERVICE-SERIAL-CHECK`` is ours, not law; the letters are data of a city pack.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, VehicleCode, VehicleNo
from core.transitions import advance as next_state

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""ISO 7064:2003, table 1: the 36 characters whose value is their position."""
LONGEST_SERIAL: Final = 9999
CODE_PARTS: Final = 5


def check_character(text: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of letters and digits; other characters are skipped.

    Source: ISO 7064:2003, 9 (hybrid systems), proven on the GRid vector of IFPI's GRid standard 2.1.

    >>> check_character("A1-2425G-ABC1234002-")
    'M'
    """
    product = 36
    for value in (ALPHABET.index(char) for char in text.upper() if char in ALPHABET):
        product = ((product + value) % 36 or 36) * 2 % 37
    return ALPHABET[(1 - product) % 36]


def has_valid_check_character(text: str) -> bool:
    """Return whether the last letter or digit of the text is the check character of those before it."""
    letters = [char for char in text.upper() if char in ALPHABET]
    return len(letters) > 1 and check_character("".join(letters[:-1])) == letters[-1]


class CodeLayout(msgspec.Struct, frozen=True, kw_only=True):
    """The letters a city gives out; another city is another layout."""

    city: str
    districts: frozenset[str]
    service_letters: Mapping[str, str]
    """Service kind → one letter, such as ``vending`` → ``V``."""


class CodeParts(msgspec.Struct, frozen=True, kw_only=True):
    """A code taken apart."""

    city: str
    district: DistrictCode
    service: str
    serial: int


def format_code(layout: CodeLayout, *, district: str, service: str, serial: int) -> VehicleCode:
    """Return the code of a vehicle with its check character.

    Raises Invalid("vehicle-code-wrong") for a district or service the city does not have and for a serial
    outside 1–9999.
    """
    letter = layout.service_letters.get(service)
    if district not in layout.districts or letter is None:
        message = f"the city has no codes for service {service} in district {district}"
        raise Invalid("vehicle-code-wrong", message, district=district, service=service)
    if not 1 <= serial <= LONGEST_SERIAL:
        raise Invalid("vehicle-code-wrong", f"a serial is 1 to {LONGEST_SERIAL}, not {serial}", serial=serial)
    body = f"{layout.city}-{district}-{letter}-{serial:04d}"
    return VehicleCode(f"{body}-{check_character(body)}")


def parse_code(layout: CodeLayout, text: str) -> CodeParts:
    """Return the parts of a code as scanned or typed; case and surrounding spaces do not matter.

    Raises Invalid("vehicle-code-wrong") when the layout is not met or the check character is wrong, which is
    what a typing mistake looks like; the sentence says which.
    """
    code = normalise_code(text)
    parts = code.split("-")
    if len(parts) != CODE_PARTS or parts[0] != layout.city:
        raise Invalid(
            "vehicle-code-wrong", f"{code[:40]} is not a vehicle code of {layout.city}", value=code[:40]
        )
    _, district, letter, serial, check = parts
    service = next((kind for kind, known in layout.service_letters.items() if known == letter), None)
    is_serial = len(serial) == len(str(LONGEST_SERIAL)) and serial.isascii() and serial.isdigit()
    if district not in layout.districts or service is None or not is_serial or int(serial) == 0:
        raise Invalid(
            "vehicle-code-wrong", f"{code[:40]} is not a vehicle code of {layout.city}", value=code[:40]
        )
    if check_character("-".join(parts[:-1])) != check:
        raise Invalid("vehicle-code-wrong", f"the check character of {code} is wrong", value=code)
    return CodeParts(city=layout.city, district=DistrictCode(district), service=service, serial=int(serial))


def normalise_code(text: str) -> str:
    """Return the code as it is stored: upper case, no spaces."""
    return "".join(text.upper().split())


class CodeStatus(StrEnum):
    """Where a code stands with the agency that gives it out; apart from the vehicle's lifecycle."""

    DRAFT = "draft"
    APPLIED = "applied"
    ISSUED = "issued"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class CodeEvent(StrEnum):
    """What happens to a code."""

    APPLIED = "code_applied"
    RETURNED = "code_returned"
    ISSUED = "code_issued"
    SUSPENDED = "code_suspended"
    REINSTATED = "code_reinstated"
    EXPIRED = "code_expired"
    RENEWED = "code_renewed"
    REVOKED = "code_revoked"


CODE_TRANSITIONS: Final[Mapping[tuple[CodeStatus, CodeEvent], CodeStatus]] = {
    (CodeStatus.DRAFT, CodeEvent.APPLIED): CodeStatus.APPLIED,
    (CodeStatus.DRAFT, CodeEvent.REVOKED): CodeStatus.REVOKED,
    (CodeStatus.APPLIED, CodeEvent.RETURNED): CodeStatus.DRAFT,
    (CodeStatus.APPLIED, CodeEvent.ISSUED): CodeStatus.ISSUED,
    (CodeStatus.APPLIED, CodeEvent.REVOKED): CodeStatus.REVOKED,
    (CodeStatus.ISSUED, CodeEvent.SUSPENDED): CodeStatus.SUSPENDED,
    (CodeStatus.ISSUED, CodeEvent.EXPIRED): CodeStatus.EXPIRED,
    (CodeStatus.ISSUED, CodeEvent.REVOKED): CodeStatus.REVOKED,
    (CodeStatus.SUSPENDED, CodeEvent.REINSTATED): CodeStatus.ISSUED,
    (CodeStatus.SUSPENDED, CodeEvent.EXPIRED): CodeStatus.EXPIRED,
    (CodeStatus.SUSPENDED, CodeEvent.REVOKED): CodeStatus.REVOKED,
    (CodeStatus.EXPIRED, CodeEvent.RENEWED): CodeStatus.ISSUED,
    (CodeStatus.EXPIRED, CodeEvent.REVOKED): CodeStatus.REVOKED,
}
CODE_TERMINAL: Final = frozenset({CodeStatus.REVOKED})
"""A revoked code is never used again: its serial is spent, also when it was only a draft."""


class CodeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One code and the vehicle that carries or carried it."""

    code: VehicleCode
    vehicle_no: VehicleNo
    district: DistrictCode
    service: str
    serial: int
    status: CodeStatus
    issued_at: datetime | None = None
    valid_to: datetime | None = None
    """None while not issued, and for a code without an end."""
    replaced_by: VehicleCode | None = None
    """The code the vehicle carries now, when it moved 旗区 or service."""
    changed_at: datetime
    version: int = 1


def advance_code(
    record: CodeRecord, event: CodeEvent, *, at: datetime, valid_to: datetime | None = None
) -> CodeRecord:
    """Return the code after the event; raises IllegalTransition when the table has no such step.

    ``valid_to`` is read only by ISSUED and RENEWED.
    """
    status = next_state(CODE_TRANSITIONS, record.status, event)
    changed = msgspec.structs.replace(record, status=status, changed_at=at, version=record.version + 1)
    if event in {CodeEvent.ISSUED, CodeEvent.RENEWED}:
        return msgspec.structs.replace(changed, issued_at=record.issued_at or at, valid_to=valid_to)
    return changed


def replace_code(old: CodeRecord, new: VehicleCode, *, at: datetime) -> CodeRecord:
    """Return the old code revoked and pointing to the one the vehicle carries now.

    A pointer is written once: raises IllegalTransition for a code that is already revoked.
    """
    return msgspec.structs.replace(advance_code(old, CodeEvent.REVOKED, at=at), replaced_by=new)


def is_code_valid(record: CodeRecord, at: datetime) -> bool:
    """Return whether the code entitles its vehicle to work at this time."""
    return record.status is CodeStatus.ISSUED and (record.valid_to is None or at < record.valid_to)
