"""Encrypted fields: nobody reads, moves or changes them unnoticed; replaced keys still open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.privacy.cipher import SecretKeys, Undecipherable

FIRST = "the first encryption key, 32 characters"
SECOND = "the second encryption key, 32 characters"
INDEX = "an index key of a test, 32 characters!"
KEYS = SecretKeys(encryption_key=FIRST, index_key=INDEX)
PHONE = "+8613812345678"


@given(st.text(max_size=200))
def test_every_text_comes_back(text: str) -> None:
    cipher = KEYS.field("residents.phone")
    assert cipher.decrypt(cipher.encrypt(text)) == text


def test_the_same_text_never_looks_the_same() -> None:
    cipher = KEYS.field("residents.phone")
    assert len({cipher.encrypt(PHONE) for _ in range(50)}) == 50


def test_a_value_moved_into_another_column_does_not_open() -> None:
    stored = KEYS.field("residents.phone").encrypt(PHONE)
    with pytest.raises(Undecipherable):
        KEYS.field("staff.totp_secret").decrypt(stored)


def test_any_flipped_bit_is_noticed() -> None:
    cipher = KEYS.field("residents.phone")
    stored = cipher.encrypt(PHONE)
    for place in range(len(stored)):
        flipped = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
        with pytest.raises(Undecipherable):
            cipher.decrypt(flipped)


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01" + bytes(20), b"\x02" + bytes(60)])
def test_foreign_bytes_do_not_open(stored: bytes) -> None:
    with pytest.raises(Undecipherable):
        KEYS.field("residents.phone").decrypt(stored)


def test_after_a_change_of_key_old_values_open_and_new_ones_are_written_with_the_new() -> None:
    stored = KEYS.field("residents.phone").encrypt(PHONE)
    changed = SecretKeys(encryption_key=SECOND, index_key=INDEX, earlier=(FIRST,))
    assert changed.field("residents.phone").decrypt(stored) == PHONE
    fresh = changed.field("residents.phone").encrypt(PHONE)
    with pytest.raises(Undecipherable):
        KEYS.field("residents.phone").decrypt(fresh)
    assert changed.blind_index("residents.phone", PHONE) == KEYS.blind_index("residents.phone", PHONE)


def test_an_index_says_nothing_across_columns_or_cities() -> None:
    elsewhere = SecretKeys(encryption_key=FIRST, index_key=SECOND)
    indexes = {
        KEYS.blind_index("residents.phone", PHONE),
        KEYS.blind_index("visitors.phone", PHONE),
        elsewhere.blind_index("residents.phone", PHONE),
    }
    assert len(indexes) == 3


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SecretKeys(encryption_key="short", index_key=INDEX)
    assert FIRST not in repr(KEYS)
