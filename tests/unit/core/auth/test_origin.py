"""Whose pages may change something with a browser's cookies."""

import pytest

from core.auth.cookies import cookies_for
from core.auth.origin import is_own_origin

ALLOWED = frozenset({"https://console.example.cn"})


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("https://steppe.example.cn", True),
        ("http://steppe.example.cn", True),
        ("HTTPS://STEPPE.example.cn", True),
        ("https://console.example.cn", True),
        ("https://console.example.cn/", True),
        ("https://steppe.example.cn:8443", False),
        ("https://evil.cn", False),
        ("https://steppe.example.cn.evil.cn", False),
        ("https://evil.cn/steppe.example.cn", False),
        ("https://steppe.example.cn@evil.cn", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("chrome-extension://steppe.example.cn", False),
        ("https://[broken", False),
        ("https://steppe.example.cn:port", False),
    ],
)
def test_an_origin_is_ours_when_it_is_the_host_or_listed(origin: str, is_own: bool) -> None:
    headers = {"host": "steppe.example.cn", "origin": origin}
    assert is_own_origin(headers, allowed=ALLOWED) is is_own


@pytest.mark.parametrize(
    ("site", "is_own"), [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)]
)
def test_without_an_origin_the_fetch_metadata_decide(site: str, is_own: bool) -> None:
    assert is_own_origin({"host": "a", "sec-fetch-site": site}, allowed=ALLOWED) is is_own


def test_what_shows_neither_is_no_browser() -> None:
    assert is_own_origin({"host": "a"}, allowed=ALLOWED)


def test_a_staff_session_counts_nowhere_below_a_residents_paths() -> None:
    assert "steppe_session" not in cookies_for("/api/resident/orders/1")
    assert "steppe_session" not in cookies_for("/api/residents/me")
    assert cookies_for("/api/vehicles")[0] == "steppe_session"
