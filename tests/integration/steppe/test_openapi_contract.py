"""What the OpenAPI document says is what the api does, tried by schemathesis as several people."""

import copy
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from core.auth.roles import ROLE_SCOPES, Role, Scope
from tests.integration.steppe.described import described, text
from tests.integration.steppe.luck_wanted import LUCK_WANTED
from tests.integration.steppe.served import ServedCity, serve
from tests.postgresql import get_server, run_sql

pytestmark = pytest.mark.xdist_group("served-city")

EXAMPLES = 4
"""Drawn by lot for each operation, beside the border values that schemathesis lists by itself (about 25)."""

SURE_CASES = 2
"""Of each operation, by somebody who may and with ids of things that are there."""
POSSIBLE_SHARE = 0.6
"""Of the others: they get such ids too, whoever sends them."""
SESSION_ENDING = {"staffLogout", "residentLogout", "logoutEverywhere", "leaveCity"}
NOT_ASKED = ("negative_data_rejection", "positive_data_acceptance", "ignored_auth")
"""Known ids are put into requests that were made wrong on purpose; who may do what is the access walk's."""


class Callers:
    """Sends cases as people of different roles, with ids and bodies of things that are there."""

    def __init__(self, city: ServedCity) -> None:
        self.city = city
        self.answers: Counter[tuple[str, int]] = Counter()
        self._turns: Counter[str] = Counter()
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, case: schemathesis.Case[Any]) -> tuple[Any, Mapping[str, str]]:
        """Send a case as the next in turn of those who may, now and then as somebody who may not."""
        raw = case.operation.definition.raw
        name = raw["operationId"]
        turn = self._turns[name]
        self._turns[name] += 1
        luck = random.Random(f"{name} {turn}")
        scope = raw.get("x-scope")
        may = [role for role in self.city.headers if scope and Scope(scope) in ROLE_SCOPES[role]]
        is_sure = turn < SURE_CASES
        role = luck.choice(may or [None]) if is_sure else luck.choice([*(may * 4), None, Role.MERCHANT])
        people = self.city.leavers if name in SESSION_ENDING else self.city.headers
        headers = {} if role is None else people[role]
        if is_sure or luck.random() < POSSIBLE_SHARE:
            self._make_possible(case, name, f"{name}-{turn}")
        answer = case.call(self.city.url, self._session, dict(headers))
        self.answers[(name, answer.status_code // 100)] += 1
        return answer, headers

    def _make_possible(self, case: schemathesis.Case[Any], name: str, key: str) -> None:
        if case.headers is not None and "Idempotency-Key" in case.headers:
            # one person's keys are of all operations: a drawn one was used by another before
            case.headers["Idempotency-Key"] = key
        for parameter in case.path_parameters or {}:
            if parameter in self.city.known:
                case.path_parameters[parameter] = self.city.known[parameter]
        if name in {"placeOrder", "quoteOrder"}:
            case.body = cast(Any, self.city.basket)


ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.thorough)
"""Every store is tried on both databases where it is tested; the whole document once more by hand."""


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRESQL])
def callers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    if request.param == "sqlite":
        yield Callers(request.getfixturevalue("served_city"))
        return
    server: str = request.getfixturevalue("postgresql_server")
    name = f"contract{os.getpid()}"
    run_sql(get_server(Path(server), cleanup_mode=None), f"CREATE DATABASE {name};")
    with serve(f"postgresql+asyncpg://postgres@/{name}?host={server}") as city:
        yield Callers(city)


def _described() -> OpenApiSchema:
    load_all_checks()
    schema = schemathesis.openapi.from_dict(copy.deepcopy(described()))
    # which methods an address answers is tried below, once an address and not once an operation
    schema.config.phases.coverage.unexpected_methods = set()
    return schema


api = _described()


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_names(case: schemathesis.Case[Any], callers: Callers) -> None:
    answer, headers = callers.send(case)
    away = ("not_a_server_error",) if _is_routing_away(answer) else ()
    left_out = cast(Any, [CHECKS.get_one(name) for name in (*NOT_ASKED, *away)])
    case.validate_response(answer, headers=dict(headers), excluded_checks=left_out)


def _is_routing_away(answer: Any) -> bool:
    """Whether an operation says what it must here: the scheduler's routing is not part of the served city."""
    return bool(answer.status_code == 503 and answer.json()["code"] == "routing-unavailable")


def test_the_contract_was_not_tried_in_vain(callers: Callers, raw: dict[str, Any]) -> None:
    operations = {operation["operationId"] for _, operation in _operations(raw)}
    succeeded = {name for name, hundreds in callers.answers if hundreds == 2}
    assert operations - succeeded - set(LUCK_WANTED) == set()
    assert callers.city.traces() == []


def test_the_document_that_is_served_is_the_one_that_is_printed(served_city: ServedCity) -> None:
    with served_city.client() as anybody:
        answer = anybody.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == text()


@pytest.fixture
def raw() -> dict[str, Any]:
    return described()


def test_every_address_says_which_methods_it_answers(served_city: ServedCity, raw: dict[str, Any]) -> None:
    wrong = {}
    with served_city.client() as anybody:
        for path, methods in raw["paths"].items():
            answer = anybody.options(path.format(**served_city.known))
            other = next(each for each in ("DELETE", "PUT", "PATCH") if each.lower() not in methods)
            refused = anybody.request(other, path.format(**served_city.known))
            told = {
                (each.status_code, *sorted(each.headers["allow"].split(", "))) for each in (answer, refused)
            }
            allowed = sorted({*(method.upper() for method in methods), "OPTIONS"})
            if told != {(204, *allowed), (405, *allowed)}:
                wrong[path] = told
    assert wrong == {}
    assert served_city.traces() == []


def _operations(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in raw["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield f"{method.upper()} {path}", operation


def test_every_refusal_is_a_problem_document(raw: dict[str, Any]) -> None:
    other = {
        f"{name} {status}"
        for name, operation in _operations(raw)
        for status, answer in operation["responses"].items()
        if status >= "400" and list(answer["content"]) != ["application/problem+json"]
    }
    assert other == set()


def test_every_operation_says_who_may_call_it(raw: dict[str, Any]) -> None:
    for name, operation in _operations(raw):
        answers = operation["responses"].keys()
        assert ("x-scope" in operation) == ("security" in operation), name
        assert "x-scope" not in operation or {"401", "403"} <= answers, name
        assert operation.get("security") != [], f"nobody may call {name}"


def _without_limit(raw: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    """Yield the texts, numbers and lists of a request that may be of any size."""
    if "$ref" in schema:
        schema = raw["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = {schema.get("type"), *(kind.get("type") for kind in schema.get("oneOf", ()))}
    needed = {"string": "maxLength", "integer": "maximum", "number": "maximum", "array": "maxItems"}
    for kind, limit in needed.items():
        shapes = [schema, *(each for each in schema.get("oneOf", ()) if each.get("type") == kind)]
        is_bounded = limit in schema or any({"enum", "const", "format"} & each.keys() for each in shapes)
        if kind in kinds and not is_bounded and "pattern" not in schema:
            yield f"{where}: {kind}"
    for kind in schema.get("oneOf", ()):
        if "$ref" in kind:
            yield from _without_limit(raw, kind, where)
    for inner in schema.get("prefixItems", ()):
        yield from _without_limit(raw, inner, f"{where}[]")
    if schema.get("items", False) is not False:  # False: no more than the ones that have a place of their own
        yield from _without_limit(raw, schema["items"], f"{where}[]")
    for name, inner in schema.get("properties", {}).items():
        yield from _without_limit(raw, inner, f"{where}.{name}")


def test_whatever_a_stranger_may_send_has_a_limit(raw: dict[str, Any]) -> None:
    found: list[str] = []
    for name, operation in _operations(raw):
        for parameter in operation.get("parameters", ()):
            # the texts of a list in an address are bounded by the head of the request
            found += _without_limit(raw, {**parameter["schema"], "items": {}}, f"{name} {parameter['name']}")
        for media in operation.get("requestBody", {}).get("content", {}).values():
            found += _without_limit(raw, media["schema"], name)
    assert found == []
