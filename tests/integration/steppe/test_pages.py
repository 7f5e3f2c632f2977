"""The built pages: served with their headers when they are there, a sentence when they are not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import NotFoundException

from core.problem_http import EXCEPTION_HANDLERS, PROBLEM_JSON
from steppe.pages import COMPRESSION, PAGES, SHELL, no_such_page, page_routes


def _app(dist: Path) -> Litestar:
    return Litestar(
        page_routes(dist),
        exception_handlers={**EXCEPTION_HANDLERS, NotFoundException: no_such_page(dist)},
        compression_config=COMPRESSION,
        openapi_config=None,
        logging_config=None,
    )


def _client(dist: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, _app(dist))), base_url="http://steppe.test"
    )


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return what a build writes, in small."""
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    for name in (*PAGES, "missing"):
        (built / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (built / "assets" / "main-4f2a.js").write_text("export {}")
    for name in SHELL:
        (built / name).write_text(name)
    (built / "secret.txt").write_text("not a page")
    return built


@pytest.fixture
async def visitor(dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(dist) as client:
        yield client


@pytest.mark.parametrize("address", [path for name in PAGES for path in (f"/{name}", f"/{name}/orders/7")])
async def test_a_page_is_served_at_its_address_and_below(visitor: httpx.AsyncClient, address: str) -> None:
    answer = await visitor.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"].startswith("inline")
    assert f"<title>{address.split('/')[1]}</title>" in answer.text


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_runs_nothing_that_is_not_ours(visitor: httpx.AsyncClient, name: str) -> None:
    headers = (await visitor.get(f"/{name}")).headers
    rules = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert "script-src" not in rules, "scripts fall under default-src: no inline script"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("name", "media_type"), SHELL.items())
async def test_what_keeps_the_phone_pages_is_at_the_root_and_asked_for_anew(
    visitor: httpx.AsyncClient, name: str, media_type: str
) -> None:
    answer = await visitor.get(f"/{name}")
    assert (answer.status_code, answer.text) == (200, name)
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert answer.headers["cache-control"] == "no-cache"


async def test_an_asset_is_kept_for_ever_under_its_name(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/assets/main-4f2a.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
async def test_an_asset_leaves_as_the_build_packed_it_for_whoever_takes_it(
    visitor: httpx.AsyncClient, dist: Path, accepted: str, sent: str | None
) -> None:
    for suffix, text in (("", "plain"), (".gz", "as gzip"), (".br", "as br")):
        (dist / "assets" / f"words-1a2b.js{suffix}").write_text(text)
    async with visitor.stream(
        "GET", "/assets/words-1a2b.js", headers={"Accept-Encoding": accepted}
    ) as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == sent
    assert body.decode() == ("plain" if sent is None else {"br": "as br", "gzip": "as gzip"}[sent])
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "javascript" in answer.headers["content-type"]
    assert (await visitor.get("/assets/words-1a2b.js.br")).status_code == 404, "it is no file of its own"


async def test_an_asset_that_the_build_did_not_pack_leaves_as_it_is(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/assets/main-4f2a.js", headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in answer.headers
    assert answer.text == "export {}"


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/city.html",
        "/secret.txt",
        "/assets/gone-1.js",
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/%2e%2e",
        "/assets/.hidden",
        "/assets/",
    ],
)
async def test_whatever_is_no_page_is_not_found(visitor: httpx.AsyncClient, address: str) -> None:
    answer = await visitor.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM_JSON)
    assert answer.json()["code"] == "not-found"
    assert "immutable" not in answer.headers.get("cache-control", ""), "nobody keeps an error for ever"


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""What Chromium and Firefox ask for when somebody opens an address."""


@pytest.mark.parametrize("address", ["/nowhere", "/city.html", "/a/b/c"])
async def test_a_browser_that_asks_for_no_page_gets_a_page_that_says_so(
    visitor: httpx.AsyncClient, address: str
) -> None:
    answer = await visitor.get(address, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html")
    assert "<title>missing</title>" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["cache-control"] == "no-cache"
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("method", "address", "accepted"),
    [
        ("GET", "/api/nowhere", BROWSER),
        ("GET", "/nowhere", "application/json"),
        ("GET", "/nowhere", "*/*"),
        ("POST", "/nowhere", BROWSER),
    ],
)
async def test_whoever_is_no_browser_is_told_of_a_wrong_address_by_a_problem_document(
    visitor: httpx.AsyncClient, method: str, address: str, accepted: str
) -> None:
    answer = await visitor.request(method, address, headers={"Accept": accepted})
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM_JSON)


async def test_the_root_leads_to_the_residents_page(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/")
    assert (answer.is_redirect, answer.headers["location"]) == (True, "/phone")


@pytest.mark.parametrize("name", PAGES)
async def test_pages_that_are_not_built_say_what_builds_them(tmp_path: Path, name: str) -> None:
    async with _client(tmp_path / "nothing") as visitor:
        answer = await visitor.get(f"/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM_JSON)
        assert answer.json()["code"] == "unavailable"
        assert "make demo" in answer.json()["detail"]
        assert answer.headers["retry-after"]
        assert (await visitor.get("/assets/main-4f2a.js")).status_code == 404
        lost = await visitor.get("/nowhere", headers={"Accept": BROWSER})
        assert (lost.status_code, lost.headers["content-type"]) == (404, PROBLEM_JSON)
