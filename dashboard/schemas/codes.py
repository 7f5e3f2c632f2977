"""What a scanned code says, by who scanned it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from dashboard.parts import CityFacts
from fleet.names import name_of
from fleet.vehicles.papers import is_current
from fleet.vehicles.scan_code import ScannedCode


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class PaperValidity(_View, frozen=True):
    """Whether a paper is valid and until when; no number and no holder."""

    is_valid: bool
    valid_until: datetime | None


class Named(_View, frozen=True):
    """A word of the domain with its names."""

    value: str
    name_zh: str
    name_en: str


class ConsoleView(_View, frozen=True):
    """What only the vehicle's own people see: where to open it in the console."""

    vehicle_no: int
    permit_number: str | None
    policy_number: str | None
    insurer: str | None
    maker_serial: str
    control_mode: str | None
    connection: str | None


class CodeView(_View, frozen=True):
    """What anybody may know of a vehicle: what it is, who runs it, and whom to call.

    `console` is null unless the caller is staff in whose reach the vehicle lies.
    """

    code: str
    status: Named
    service: Named
    district_code: str
    district_zh: str
    district_en: str
    operator_zh: str
    operator_en: str
    maker_zh: str
    maker_en: str
    telephone: str
    permit: PaperValidity
    permit_stage: Named | None
    insurance: PaperValidity
    replaced_by: str | None
    keep_clear_zh: str
    keep_clear_en: str
    is_demo: bool
    console: ConsoleView | None


KEEP_CLEAR_ZH = "请与车辆保持两米以上距离，不要遮挡传感器；车辆会自行让行或停车。"
KEEP_CLEAR_EN = "Keep two metres away and do not cover the sensors; the vehicle gives way or stops by itself."


def code_view(scanned: ScannedCode, city: CityFacts, at: datetime) -> CodeView:
    """Return the answer to a scan; the console's part is there when the scan was within reach."""
    vehicle, record = scanned.vehicle, scanned.record
    district = next((d for d in city.districts if d.code == record.district), None)
    permit = scanned.permits[0] if scanned.permits else None
    policy = scanned.insurances[0] if scanned.insurances else None
    operator, maker = scanned.company, scanned.maker
    return CodeView(
        code=record.code,
        status=_named(record.status),
        service=_named(scanned.service),
        district_code=record.district,
        district_zh=record.district if district is None else district.name_zh,
        district_en=record.district if district is None else district.name_en,
        operator_zh=vehicle.operator if operator is None else operator.name_zh,
        operator_en=vehicle.operator if operator is None else operator.name_en,
        maker_zh=vehicle.maker if maker is None else maker.name_zh,
        maker_en=vehicle.maker if maker is None else maker.name_en,
        telephone=city.telephone if operator is None else operator.telephone,
        permit=PaperValidity(
            is_valid=any(is_current(each, at) for each in scanned.permits),
            valid_until=None if permit is None else permit.valid_to,
        ),
        permit_stage=None if permit is None else _named(permit.stage),
        insurance=PaperValidity(
            is_valid=any(is_current(each, at) for each in scanned.insurances),
            valid_until=None if policy is None else policy.valid_to,
        ),
        replaced_by=record.replaced_by,
        keep_clear_zh=KEEP_CLEAR_ZH,
        keep_clear_en=KEEP_CLEAR_EN,
        is_demo=vehicle.is_demo,
        console=_console(scanned) if scanned.is_within_reach else None,
    )


def _console(scanned: ScannedCode) -> ConsoleView:
    permit = scanned.permits[0] if scanned.permits else None
    policy = scanned.insurances[0] if scanned.insurances else None
    return ConsoleView(
        vehicle_no=scanned.vehicle.vehicle_no,
        permit_number=None if permit is None else permit.permit_no,
        policy_number=None if policy is None else policy.policy_no,
        insurer=None if policy is None else policy.insurer,
        maker_serial=scanned.vehicle.maker_serial,
        control_mode=None if scanned.heard is None else scanned.heard.control_mode.value,
        connection=None if scanned.heard is None else scanned.heard.connection.value,
    )


def _named(member: StrEnum) -> Named:
    name = name_of(member)
    return Named(value=member.value, name_zh=name.zh, name_en=name.en)
