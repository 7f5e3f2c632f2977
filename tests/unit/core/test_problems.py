"""The table of problems and what transport makes of it."""

from typing import Annotated, Any

import msgspec
import pytest
from litestar import Litestar, get, post, websocket
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import JSONBody, QueryParameter
from litestar.testing import TestClient
from msgspec import Meta

from core.errors import Conflict, IllegalTransition, Invalid, SteppeError, TooMany, Unavailable
from core.problem_http import EXCEPTION_HANDLERS, PROBLEM_JSON, close_exception, problem_responses
from core.problems import PROBLEMS, UnknownProblemCode


def test_an_unknown_code_is_refused_when_the_error_is_made() -> None:
    with pytest.raises(UnknownProblemCode, match="no-such-code"):
        SteppeError("no-such-code")
    with pytest.raises(UnknownProblemCode):
        problem_responses("no-such-code")


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_code_has_a_status_a_close_code_and_a_title(code: str) -> None:
    row = PROBLEMS[code]
    assert 400 <= row.status < 600
    assert 4400 <= row.close_code < 4500
    assert row.title
    assert not row.title.endswith(".")
    assert code == code.lower().replace("_", "-")


def test_an_illegal_transition_names_state_and_event() -> None:
    error = IllegalTransition("delivered", "cancel", order_id="o1")
    assert dict(error.fields) == {"state": "delivered", "event": "cancel", "order_id": "o1"}
    assert isinstance(error, Conflict)


class Place(msgspec.Struct, forbid_unknown_fields=True):
    lat: Annotated[float, Meta(ge=-90, le=90)]


@get("/conflict", responses=problem_responses("conflict"), sync_to_thread=False)
def conflict() -> None:
    raise Conflict("out-of-stock", "Only 2 are left", left=2)


@get("/busy", sync_to_thread=False)
def busy() -> None:
    raise Unavailable(retry_after_s=7)


@get("/bug", sync_to_thread=False)
def bug() -> None:
    raise RuntimeError("secret detail")


@get("/page", sync_to_thread=False)
def page(size: Annotated[int, QueryParameter(ge=1, le=100)]) -> int:
    return size


@post("/places", sync_to_thread=False)
def place(data: JSONBody[Place]) -> Place:
    return data


@websocket("/live")
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    raise close_exception(TooMany("flood"))


@pytest.fixture(scope="module")
def client() -> TestClient[Litestar]:
    handlers = [conflict, busy, bug, page, place, live]
    app = Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, debug=False)
    return TestClient(app, raise_server_exceptions=False)


def test_a_domain_error_becomes_a_problem_document(client: TestClient[Litestar]) -> None:
    answer = client.get("/conflict")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.json() == {
        "type": "urn:steppe:problem:out-of-stock",
        "code": "out-of-stock",
        "title": "Not enough of the goods is left",
        "status": 409,
        "detail": "Only 2 are left",
        "fields": {"left": 2},
    }


def test_unavailable_says_when_to_come_back(client: TestClient[Litestar]) -> None:
    answer = client.get("/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_a_bug_shows_nothing_of_itself(client: TestClient[Litestar]) -> None:
    answer = client.get("/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("body", "field", "limit"),
    [
        ('{"lat": 91}', "lat", "<= 90"),
        ('{"lat": "x"}', "lat", "float"),
        ('{"lat": 1, "x": 2}', "x", "unknown"),
        ("{}", "lat", "missing"),
        ("[", "body", ""),
    ],
    ids=["range", "type", "unknown", "missing", "not json"],
)
def test_a_value_that_does_not_fit_is_named_with_its_limit(
    client: TestClient[Litestar], body: str, field: str, limit: str
) -> None:
    answer = client.post("/places", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM_JSON)
    document = answer.json()
    assert document["code"] == "invalid-input"
    assert field in document["detail"] or field == "body"
    assert limit in document["detail"]


@pytest.mark.parametrize("query", ["size=0", "size=x", ""])
def test_a_query_that_does_not_fit_is_named(client: TestClient[Litestar], query: str) -> None:
    answer = client.get(f"/page?{query}&secret=1")
    assert answer.json()["code"] == "invalid-input"
    assert "size" in answer.json()["detail"]
    assert "secret" not in answer.text


def test_an_unknown_address_and_method_are_problems_too(client: TestClient[Litestar]) -> None:
    assert client.get("/nowhere").json()["code"] == "not-found"
    wrong = client.put("/conflict")
    assert (wrong.json()["code"], wrong.headers["allow"]) == ("method-not-allowed", "GET, OPTIONS")


def test_a_socket_is_closed_with_the_close_code_of_the_problem(client: TestClient[Litestar]) -> None:
    with client.websocket_connect("/live") as socket, pytest.raises(WebSocketDisconnect) as caught:
        socket.receive(timeout=2)
    assert (caught.value.code, caught.value.detail) == (4429, "flood")


def test_invalid_carries_field_and_limit() -> None:
    error = Invalid("invalid-input", "speed is 31", field="speed_mps", limit="0–30")
    assert "speed_mps" in str(error)
