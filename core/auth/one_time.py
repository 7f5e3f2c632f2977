"""One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), pure; the moment is an argument."""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

TOTP_STEP_S = 30
TOTP_DRIFT_STEPS = 1
"""Steps before and after the present one that are accepted: phones' clocks drift (RFC 6238, 5.2)."""
CODE_DIGITS = 6


def new_totp_secret() -> str:
    """Return a fresh 160-bit secret in base32, as authenticator apps take it."""
    return pyotp.random_base32()


def totp_uri(secret: str, account: str) -> str:
    """Return the ``otpauth://`` address that an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="Steppe")


def totp_at(secret: str, moment: datetime) -> str:
    """Return the code an authenticator app shows at an aware moment."""
    return pyotp.HOTP(secret).at(_counter(moment))


def matching_counter(secret: str, code: str, moment: datetime, *, after: int) -> int | None:
    """Return the newest time step whose code this is, or None.

    Only steps later than `after` (the last one used) count, so a code is good once.
    Compared in constant time.
    """
    now = _counter(moment)
    hotp = pyotp.HOTP(secret)
    found: int | None = None
    for counter in range(now - TOTP_DRIFT_STEPS, now + TOTP_DRIFT_STEPS + 1):
        if hmac.compare_digest(hotp.at(counter).encode(), code.encode()) and counter > after:
            found = counter
    return found


def hotp(secret: bytes, counter: int) -> str:
    """Return the 6-digit code of a counter (RFC 4226); a leading zero counts.

    >>> hotp(b"12345678901234567890", 0)
    '755224'
    """
    return pyotp.HOTP(base64.b32encode(secret).decode()).at(counter)


def random_code() -> str:
    """Return six random digits, each combination equally likely."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def _counter(moment: datetime) -> int:
    return int(moment.timestamp()) // TOTP_STEP_S
