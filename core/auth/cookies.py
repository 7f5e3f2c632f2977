"""Names and attributes of the session cookies, and which of them counts on a path."""

from typing import Any

from litestar.datastructures import Cookie

STAFF_COOKIE = "steppe_session"
RESIDENT_COOKIE = "steppe_resident"
"""Apart from the staff's, so that one browser can show the console and the phone page at once."""
LINK_COOKIE = "steppe_link"
"""Sent only below its order's path, so it never shadows a resident's own session elsewhere."""

MERCHANT_COOKIE = "steppe_merchant"
"""Counts below the merchants' paths alone, where nobody else has anything to ask for."""

_MERCHANT_PATHS = ("/api/merchant/",)
_CATALOGUE_PATHS = ("/api/resident/merchants", "/api/resident/pickup-points")
"""Read by staff too, who order for somebody on the telephone."""
_RESIDENT_PATHS = ("/api/resident/", "/api/residents/")


def cookies_for(path: str) -> tuple[str, ...]:
    """Return the cookie names that may prove a principal on a path, the strongest claim first."""
    if path.startswith(_CATALOGUE_PATHS):
        return (RESIDENT_COOKIE, STAFF_COOKIE)
    if path.startswith(_RESIDENT_PATHS):
        return (LINK_COOKIE, RESIDENT_COOKIE)
    if path.startswith(_MERCHANT_PATHS):
        return (MERCHANT_COOKIE,)
    return (STAFF_COOKIE, RESIDENT_COOKIE)


def session_cookie(name: str, token: str, *, max_age_s: int, secure: bool, path: str = "/") -> Cookie:
    """Return the cookie that carries a session: unreadable to scripts, not sent by other sites' posts."""
    return Cookie(
        key=name, value=token, max_age=max_age_s, path=path, httponly=True, samesite="lax", secure=secure
    )


def ended_cookie(name: str, *, secure: bool, path: str = "/") -> Cookie:
    """Return the cookie that makes a browser forget a session."""
    return session_cookie(name, "", max_age_s=0, secure=secure, path=path)


def cookie_values(cookies: dict[str, Any], path: str) -> tuple[str, ...]:
    """Return the session tokens of a request that count on its path; empty without any."""
    return tuple(cookies[name] for name in cookies_for(path) if cookies.get(name))
