"""One-time codes against the vectors of their standards."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from core.auth.one_time import hotp, matching_counter, random_code, totp_at

RFC_SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(RFC_SECRET).decode()
NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
COUNTER = int(NOW.timestamp()) // 30


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(
            "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()  # noqa: SIM905
        )
    ),
)
def test_hotp_gives_the_codes_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert hotp(RFC_SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_totp_gives_the_codes_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert totp_at(BASE32, datetime.fromtimestamp(seconds, UTC)) == code


def test_the_codes_of_the_neighbouring_steps_are_taken_and_no_others() -> None:
    steps = {
        step: matching_counter(BASE32, totp_at(BASE32, NOW + timedelta(seconds=30 * step)), NOW, after=0)
        for step in range(-3, 4)
    }
    assert steps == {-3: None, -2: None, -1: COUNTER - 1, 0: COUNTER, 1: COUNTER + 1, 2: None, 3: None}


def test_a_step_that_was_used_or_lies_before_one_is_not_taken() -> None:
    code = totp_at(BASE32, NOW)
    assert matching_counter(BASE32, code, NOW, after=COUNTER - 1) == COUNTER
    assert matching_counter(BASE32, code, NOW, after=COUNTER) is None
    assert matching_counter(BASE32, code, NOW, after=COUNTER + 1) is None


def test_a_random_code_is_six_digits_with_its_leading_zeros() -> None:
    codes = {random_code() for _ in range(2000)}
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert any(code.startswith("0") for code in codes)
