"""Masks: whatever comes in, no whole number comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.privacy.masks import mask_phone, mask_phones_in
from core.privacy.phones import parse_phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613812345678", "138****5678"),
        ("13812345678", "138****5678"),
        ("138 1234 5678", "138****5678"),
        ("+77011234567", "770****4567"),
        ("12345", "****45"),
        ("", "****"),
    ],
)
def test_a_phone_shows_its_ends_only(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(st.text(max_size=40))
def test_masking_never_fails_and_never_shows_eight_digits_in_a_row(text: str) -> None:
    assert sum(char.isdecimal() for char in mask_phone(text)) <= 7


def test_numbers_in_a_text_are_masked_and_other_numbers_are_not() -> None:
    text = "打 13812345678 或 +86 139-0000-0000, order 12345678901234, at 39.6131234567"
    assert mask_phones_in("tel 13812345678, +8613900001111;") == "tel 138****5678, 139****1111;"
    assert "12345678901234" in mask_phones_in(text)
    assert "39.6131234567" in mask_phones_in(text)


@pytest.mark.parametrize(
    "text", ["13812345678", "+86 138 1234 5678", "0086-138-1234-5678", "138-1234-5678", "(138)12345678"]
)
def test_one_number_has_one_spelling(text: str) -> None:
    assert parse_phone(text) == "+8613812345678"


@pytest.mark.parametrize("text", ["", "1", "10000000000", "+1", "abc", "99999999999999999999"])
def test_what_nobody_can_call_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_phone(text)
