"""Where a browser says a request comes from, judged before anything is believed.

A browser cannot leave out ``Origin`` on an unsafe method or a WebSocket handshake, so a request without one
(and without fetch metadata) is no browser and carries no authority that somebody else's page could borrow.
Cookie sessions over WebSocket are covered neither by CORS nor by CSRF tokens: this check is what covers them.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_WEB_SCHEMES = frozenset({"http", "https"})


def is_own_origin(headers: Mapping[str, str], *, allowed: frozenset[str]) -> bool:
    """Return whether a state-changing request may come from where it says it comes from.

    `headers` has lower-case names. The origin must be the host the request was sent to, or one of `allowed`
    (``https://console.example.cn``). ``Origin: null`` (a sandboxed page, a file) is foreign. Without
    ``Origin`` the fetch metadata decides; without both it is not a browser. Schemes are not compared: a
    proxy that ends TLS changes them.
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    if origin.rstrip("/").lower() in allowed:
        return True
    try:
        said = urlsplit(origin)
        sent_to = urlsplit(f"//{headers.get('host', '')}")
        return (
            said.scheme in _WEB_SCHEMES
            and said.hostname is not None
            and (said.hostname, said.port) == (sent_to.hostname, sent_to.port)
        )
    except ValueError:
        return False
