"""How long sessions last and how often people may try: settings in the words of the use cases."""

from datetime import timedelta

from msgspec import Struct

from core.auth.sessions import SessionLife
from core.auth.throttle import Limit
from core.settings import Settings

_HOUR_S = 3600.0

PAIR_LIMIT = Limit(tries=5, window_s=_HOUR_S, first_lock_s=30, longest_lock_s=900)
"""One account from one address: five tries, then half a minute, doubling to a quarter of an hour."""
ACCOUNT_LIMIT = Limit(tries=20, window_s=_HOUR_S, first_lock_s=60, longest_lock_s=900)
"""One account from anywhere: higher, so that a stranger cannot easily lock somebody else out."""
ADDRESS_LIMIT = Limit(tries=60, window_s=_HOUR_S, first_lock_s=60, longest_lock_s=900)
"""One address at any accounts; successes are taken back, so an office behind one address is not locked."""
CROWD_LIMIT = Limit(tries=300, window_s=_HOUR_S, first_lock_s=60, longest_lock_s=900)
"""One address at residents' codes: thousands of phones share the address of a mobile network."""
RESEND_S = 60
"""Seconds before another one-time code is sent to the same phone."""
CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5

MERCHANT_IDLE = timedelta(days=3)
"""A till that nobody used over a long weekend asks for its token again."""
MERCHANT_ABSOLUTE = timedelta(days=30)


class SignInRules(Struct, frozen=True, kw_only=True):
    """Everything about signing in that the settings decide."""

    lives: dict[str, SessionLife]
    """By token prefix: st staff, re residents, li links, me merchants' pages."""
    codes_per_phone: Limit
    codes_per_address: Limit
    tries_per_address: Limit
    resident_tries_per_address: Limit
    secure_cookies: bool


def sign_in_rules(settings: Settings) -> SignInRules:
    """Return the rules of these settings."""
    security = settings.security
    absolute = timedelta(hours=security.session_hours)
    resident = timedelta(days=security.resident_session_days)
    # The simulated residents of a demo all come from this machine's address.
    simulated = settings.environment in ("demo", "test")
    return SignInRules(
        lives={
            "st": SessionLife(
                idle=min(timedelta(hours=security.session_idle_hours), absolute), absolute=absolute
            ),
            "re": SessionLife(idle=resident, absolute=resident),
            "li": SessionLife(idle=timedelta(days=2), absolute=timedelta(days=2)),
            "me": SessionLife(idle=MERCHANT_IDLE, absolute=MERCHANT_ABSOLUTE),
        },
        codes_per_phone=_an_hour(settings.api.sms_per_phone_per_hour),
        codes_per_address=_an_hour(1_000_000 if simulated else security.codes_per_address_per_hour),
        tries_per_address=_an_hour(1_000_000) if simulated else ADDRESS_LIMIT,
        resident_tries_per_address=_an_hour(1_000_000) if simulated else CROWD_LIMIT,
        secure_cookies=security.secure_cookies,
    )


def _an_hour(tries: int) -> Limit:
    return Limit(tries=tries, window_s=_HOUR_S, first_lock_s=_HOUR_S, longest_lock_s=_HOUR_S)
