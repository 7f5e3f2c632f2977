"""Vehicle codes: the check character, the layout, one code for life."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.errors import IllegalTransition, Invalid
from core.ids import DistrictCode, VehicleCode, VehicleNo
from fleet.vehicles.codes import (
    ALPHABET,
    CodeEvent,
    CodeLayout,
    CodeRecord,
    CodeStatus,
    advance_code,
    check_character,
    format_code,
    has_valid_check_character,
    is_code_valid,
    parse_code,
    replace_code,
)

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
ORDOS = CodeLayout(
    city="EDS",
    districts=frozenset({"KB", "DS", "DL", "ZG", "EQ", "ET", "HJ", "WS", "YJ"}),
    service_letters={"vending": "V", "delivery": "D", "sweeping": "S", "patrol": "P"},
)


def a_code(status: CodeStatus = CodeStatus.ISSUED, **changes: object) -> CodeRecord:
    values: dict[str, object] = {
        "code": VehicleCode("EDS-KB-V-0001-8"),
        "vehicle_no": VehicleNo(1),
        "district": DistrictCode("KB"),
        "service": "vending",
        "serial": 1,
        "status": status,
        "changed_at": AT,
    }
    return CodeRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_the_published_grid_vector_proves_the_algorithm() -> None:
    assert check_character("A1-2425G-ABC1234002") == "M"
    assert has_valid_check_character("A1-2425G-ABC1234002-M")


def test_the_first_vending_vehicle_of_kangbashi_has_the_code_of_the_plan() -> None:
    assert format_code(ORDOS, district="KB", service="vending", serial=1) == "EDS-KB-V-0001-8"


@given(
    district=st.sampled_from(sorted(ORDOS.districts)),
    service=st.sampled_from(sorted(ORDOS.service_letters)),
    serial=st.integers(1, 9999),
)
def test_a_code_reads_back_as_what_it_was_made_from(district: str, service: str, serial: int) -> None:
    parts = parse_code(
        ORDOS, f" {format_code(ORDOS, district=district, service=service, serial=serial)} ".lower()
    )
    assert (parts.district, parts.service, parts.serial) == (district, service, serial)


@given(data=st.data(), serial=st.integers(1, 9999))
def test_one_wrong_character_is_always_found(data: st.DataObject, serial: int) -> None:
    code = format_code(ORDOS, district="KB", service="vending", serial=serial)
    places = [place for place, char in enumerate(code) if char != "-"]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([char for char in ALPHABET if char != code[place]]))
    assert not has_valid_check_character(code[:place] + other + code[place + 1 :])


def test_two_neighbours_swapped_are_nearly_always_found() -> None:
    """ISO 7064 hybrid systems find every wrong character, but not every swap: 3 in 1,000 are missed here."""
    missed = tried = 0
    for serial in range(1, 10_000, 13):
        code = format_code(ORDOS, district="DS", service="delivery", serial=serial).replace("-", "")
        for place in range(len(code) - 1):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            tried += swapped != code
            missed += swapped != code and has_valid_check_character(swapped)
    assert tried > 5_000
    assert missed / tried < 0.01


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EDS",
        "EDS-KB-V-0001-9",
        "EDS-KB-V-0000-0",
        "EDS-XX-V-0001-8",
        "EDS-KB-Z-0001-8",
        "EDS-KB-V-1-8",
        "EDS-KB-V-١٢٣٤-8",
        "BJ-KB-V-0001-8",
        "EDS-KB-V-0001-8-8",
        "x" * 5000,
    ],
)
def test_what_is_not_a_code_is_refused_without_repeating_all_of_it(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_code(ORDOS, text)
    assert refusal.value.code == "vehicle-code-wrong"
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(("district", "service", "serial"), [("QQ", "vending", 1), ("KB", "shuttle", 1)])
def test_a_code_is_not_made_for_what_the_city_does_not_have(district: str, service: str, serial: int) -> None:
    with pytest.raises(Invalid):
        format_code(ORDOS, district=district, service=service, serial=serial)


@pytest.mark.parametrize("serial", [0, -1, 10_000])
def test_a_serial_has_four_digits(serial: int) -> None:
    with pytest.raises(Invalid):
        format_code(ORDOS, district="KB", service="vending", serial=serial)


def test_a_code_goes_from_draft_to_issued_and_through_suspension() -> None:
    timeline = [
        (CodeEvent.APPLIED, CodeStatus.APPLIED),
        (CodeEvent.RETURNED, CodeStatus.DRAFT),
        (CodeEvent.APPLIED, CodeStatus.APPLIED),
        (CodeEvent.ISSUED, CodeStatus.ISSUED),
        (CodeEvent.SUSPENDED, CodeStatus.SUSPENDED),
        (CodeEvent.REINSTATED, CodeStatus.ISSUED),
        (CodeEvent.EXPIRED, CodeStatus.EXPIRED),
        (CodeEvent.RENEWED, CodeStatus.ISSUED),
        (CodeEvent.REVOKED, CodeStatus.REVOKED),
    ]
    record = a_code(CodeStatus.DRAFT)
    for number, (event, status) in enumerate(timeline, start=1):
        record = advance_code(record, event, at=AT + timedelta(days=number))
        assert (record.status, record.version) == (status, 1 + number)
    assert record.issued_at == AT + timedelta(days=4)


def test_a_replaced_code_is_revoked_points_to_the_new_one_and_never_comes_back() -> None:
    old = replace_code(a_code(), VehicleCode("EDS-DS-V-0007-X"), at=AT)
    assert (old.status, old.replaced_by) == (CodeStatus.REVOKED, "EDS-DS-V-0007-X")
    with pytest.raises(IllegalTransition):
        replace_code(old, VehicleCode("EDS-DS-V-0008-X"), at=AT)


def test_a_code_is_valid_while_issued_and_before_its_end() -> None:
    assert is_code_valid(a_code(), AT)
    assert is_code_valid(a_code(valid_to=AT + timedelta(seconds=1)), AT)
    assert not is_code_valid(a_code(valid_to=AT), AT)
    assert not is_code_valid(a_code(CodeStatus.SUSPENDED), AT)
