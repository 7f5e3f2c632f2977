"""Requests that nobody should send: each is told what is wrong by a stable code, and harms nobody else."""

import socket
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from core.auth.roles import Role
from core.problem_http import PROBLEM_JSON, TYPE_PREFIX
from core.problems import PROBLEMS
from steppe.http_protocol import HEAD_MOST_BYTES
from tests.integration.steppe.served import ServedCity

pytestmark = pytest.mark.xdist_group("served-city")

ORDERS = "/api/resident/orders"


@pytest.fixture
def resident(served_city: ServedCity) -> Iterator[httpx.Client]:
    with served_city.client(Role.RESIDENT) as client:
        yield client
    assert served_city.traces() == []


def is_problem(answer: httpx.Response, code: str) -> bool:
    """Claim that an answer is the problem of a code, told as RFC 9457 wants it."""
    told: dict[str, Any] = answer.json()
    assert told["code"] == code, answer.text
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert (told["type"], told["title"]) == (TYPE_PREFIX + code, PROBLEMS[code].title)
    return answer.status_code == PROBLEMS[code].status == int(told["status"])


def post(client: httpx.Client, body: Any, kind: str = "application/json") -> httpx.Response:
    headers = {"Content-Type": kind, "Idempotency-Key": uuid.uuid4().hex}
    return client.post(ORDERS, content=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b'{"quantity": -Infinity}',
        b'{"quantity": 1e999}',
        b"\xef\xbb\xbf{}",
        b'{"note": "\xff"}',
        b'{"note": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_json_is_told_so(resident: httpx.Client, body: bytes) -> None:
    assert is_problem(post(resident, body), "malformed-json")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"7", b"{}", b'{"note": "a\\u0000b"}', b'{"extra": 1}']
)
def test_json_of_another_shape_is_told_where(resident: httpx.Client, body: bytes) -> None:
    assert is_problem(post(resident, body), "invalid-input")


def test_a_value_of_another_type_is_told_by_its_place(
    served_city: ServedCity, resident: httpx.Client
) -> None:
    basket = {**served_city.basket, "lines": [{"goodsId": "milk", "quantity": "many"}]}
    answer = post(resident, msgspec.json.encode(basket))
    assert is_problem(answer, "invalid-input")
    assert "quantity" in answer.text


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
def test_a_body_of_another_kind_is_refused(resident: httpx.Client, kind: str) -> None:
    assert is_problem(post(resident, b"{}", kind), "unsupported-media-type")


def test_a_body_that_is_too_large_is_refused(resident: httpx.Client) -> None:
    assert is_problem(post(resident, b'{"note":"' + b"x" * 300_000 + b'"}'), "too-large")


def test_a_body_in_pieces_that_is_too_large_is_refused(resident: httpx.Client) -> None:
    assert is_problem(post(resident, (b"x" * 10_000 for _ in range(60))), "too-large")


def test_an_unknown_address_is_not_found(resident: httpx.Client) -> None:
    for path in ("/api/nowhere", "/nowhere", "/api", "/api/vehicles/1/nowhere", "/assets/../pyproject.toml"):
        assert is_problem(resident.get(path), "not-found"), path


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE"])
def test_another_method_is_told_which_there_are(resident: httpx.Client, method: str) -> None:
    answer = resident.request(method, "/api/config")
    assert is_problem(answer, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/api/resident/orders/%ff%00", "/api/resident/orders/..%2f..%2fme", "/api/codes/%00"],
)
def test_an_address_with_strange_bytes_finds_nothing(resident: httpx.Client, path: str) -> None:
    answer = resident.get(path)
    assert answer.json()["code"] in {"not-found", "vehicle-code-wrong"}, answer.text


def test_an_id_longer_than_any_is_invalid(resident: httpx.Client) -> None:
    assert is_problem(resident.get(f"{ORDERS}/{'x' * 5000}"), "invalid-input")


def test_headers_without_end_are_refused(resident: httpx.Client) -> None:
    assert is_problem(resident.get("/api/config", headers={"X-Long": "y" * 70_000}), "headers-too-large")
    assert resident.get("/api/config", headers={"X-Long": "y" * 40_000}).is_success


def test_an_address_without_end_is_refused(served_city: ServedCity) -> None:
    # httpx itself refuses an address of this length
    request = b"GET /api/config?q=" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert b"headers-too-large" in _raw(served_city, request)


def _raw(city: ServedCity, *pieces: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back until the other side closes."""
    address = urlsplit(city.url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        heard = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while received := connection.recv(65_536):
                heard += received
        except ConnectionError:
            pass
        return heard


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/staff/login HTTP/1.1\r\nHost: x\r\nContent-Length: some\r\n\r\n",
        b"POST /api/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
    ],
)
def test_bytes_that_are_no_request_are_answered_with_a_problem(
    served_city: ServedCity, request_bytes: bytes
) -> None:
    head, _, body = _raw(served_city, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert PROBLEM_JSON.encode() in head
    assert msgspec.json.decode(body)["code"] == "malformed-http"


def test_a_head_that_never_ends_is_cut_off(served_city: ServedCity) -> None:
    begun = b"GET /api/config HTTP/1.1\r\nHost: x\r\nX-Long: "
    endless = (b"y" * 16_384 for _ in range(4 * HEAD_MOST_BYTES // 16_384 + 64))
    heard = _raw(served_city, begun, *endless)
    assert heard == b"" or b"headers-too-large" in heard, "a reset may swallow the answer"
    with served_city.client() as anybody:
        assert anybody.get("/health/live").is_success


def test_a_second_request_on_the_same_connection_is_counted_anew(served_city: ServedCity) -> None:
    one = b"GET /api/config HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 40_000 + b"\r\n"
    heard = _raw(served_city, one + b"\r\n", one + b"\r\n", one + b"Connection: close\r\n\r\n")
    assert heard.count(b"HTTP/1.1 200 OK") == 3


def test_an_order_without_a_key_and_one_with_a_key_of_another_body(
    served_city: ServedCity, resident: httpx.Client
) -> None:
    basket = dict(served_city.basket)
    assert is_problem(resident.post(ORDERS, json=basket), "idempotency-key-missing")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = resident.post(ORDERS, json=basket, headers=key)
    again = resident.post(ORDERS, json=basket, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["orderId"] == again.json()["orderId"]
    other = resident.post(ORDERS, json={**basket, "note": "another"}, headers=key)
    assert is_problem(other, "idempotency-key-reused")
    long_key = {"Idempotency-Key": "k" * 200}
    assert is_problem(resident.post(ORDERS, json=basket, headers=long_key), "invalid-input")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "not-authenticated"),
        ({"Cookie": "steppe_session=forged"}, "session-expired"),
        ({"Cookie": ";;;=;steppe_session=;"}, "not-authenticated"),
        ({"Authorization": "Bearer " + "x" * 40_000}, "token-invalid"),
        ({"Authorization": "Basic eDp5"}, "not-authenticated"),
    ],
    ids=["nothing", "forged session", "broken cookie", "long token", "another scheme"],
)
def test_credentials_that_prove_nobody(served_city: ServedCity, headers: dict[str, str], code: str) -> None:
    with served_city.client() as anybody:
        assert is_problem(anybody.get("/api/me", headers=headers), code)


def test_an_empty_token_proves_nobody(served_city: ServedCity) -> None:
    # a client library would not send it
    request = b"GET /api/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\nConnection: close\r\n\r\n"
    assert _raw(served_city, request).startswith(b"HTTP/1.1 401 ")


def test_a_page_of_another_site_changes_nothing(served_city: ServedCity, resident: httpx.Client) -> None:
    headers = {"Origin": "https://evil.test", "Idempotency-Key": uuid.uuid4().hex}
    assert is_problem(resident.post(ORDERS, json=dict(served_city.basket), headers=headers), "origin-refused")
