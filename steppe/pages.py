"""The built web pages: where they are, and the routes that serve them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import File, Redirect

from core.auth.guards import public
from core.errors import Unavailable
from core.problem_http import EXCEPTION_HANDLERS, PROBLEM_JSON
from steppe.packed_assets import asset_route

DIST = Path(__file__).parents[1] / "dashboard" / "web" / "dist"
"""What ``vite build`` wrote; not in the repository, but in the wheel."""

PAGES = (
    "city",
    "console",
    "planning",
    "patrol",
    "records",
    "fences",
    "phone",
    "merchant",
    "crew",
    "scan",
    "privacy",
)

SHELL = {"phone-worker.js": "text/javascript", "phone.webmanifest": "application/manifest+json"}
"""Files by which a resident's browser keeps her pages and offers to install them, each with its media type.
They lie at the root: a worker serves no address above its own."""

_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline';"
        " worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none';"
        " form-action 'self'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # A new build must be seen at the next visit; what it loads is named by content and kept for ever.
    "Cache-Control": "no-cache",
}
COMPRESSION = CompressionConfig(
    backend="gzip",
    gzip_compress_level=6,
    minimum_size=1_000,
    exclude=[r"^/api/(?!geo/)", r"^/assets/"],
)
"""Pages and maps leave compressed; what the pages load was when it was built (steppe.packed_assets).
Answers of the api stay as they are: they are small, and no secret in them is measured by its length."""


def page_routes(dist: Path = DIST) -> list[HTTPRouteHandler]:
    """Return the routes of the pages and of their assets; 503 while the pages are not built."""
    routes: list[HTTPRouteHandler] = [_root, *(_page(dist, name) for name in PAGES)]
    routes += [_shell_file(dist, name, media_type) for name, media_type in SHELL.items()]
    if (assets := dist / "assets").is_dir():
        routes.append(asset_route(assets))
    return routes


def no_such_page(dist: Path = DIST) -> Callable[[Request[Any, Any, Any], NotFoundException], Response[Any]]:
    """Return what answers an address that no route has: a page to a browser, a problem document to the rest.

    A browser is whoever looks (GET, HEAD) outside of `/api/` and would rather have text/html; both are a 404.
    """
    file = dist / "missing.html"
    as_problem = EXCEPTION_HANDLERS[HTTPException]

    def answer(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
        looks = request.method in {"GET", "HEAD"} and not request.url.path.startswith("/api/")
        if not looks or request.accept.best_match([PROBLEM_JSON, "text/html"]) != "text/html":
            return as_problem(request, error)
        if not file.exists():
            return as_problem(request, error)
        headers = {**_SECURITY_HEADERS, "Vary": "Accept"}
        return Response(file.read_bytes(), status_code=404, media_type="text/html", headers=headers)

    return answer


@get("/", include_in_schema=False, guards=[public], sync_to_thread=False)
def _root() -> Redirect:
    return Redirect("/phone")


def _shell_file(dist: Path, name: str, media_type: str) -> HTTPRouteHandler:
    @get(f"/{name}", name=f"shell-{name}", include_in_schema=False, guards=[public], sync_to_thread=False)
    def shell_file() -> File:
        return _built(dist / name, media_type)

    return shell_file


def _built(file: Path, media_type: str) -> File:
    if not file.exists():
        raise Unavailable("unavailable", "The web pages are not built: run `make demo`, or npm run build.")
    return File(file, content_disposition_type="inline", media_type=media_type, headers=_SECURITY_HEADERS)


def _page(dist: Path, name: str) -> HTTPRouteHandler:
    @get(
        [f"/{name}", f"/{name}/{{rest:path}}"],
        name=f"page-{name}",
        include_in_schema=False,
        guards=[public],
        sync_to_thread=False,
    )
    def page() -> File:
        return _built(dist / f"{name}.html", "text/html")

    return page
