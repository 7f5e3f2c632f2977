"""Every limit that the document names for a query parameter is one that the api keeps."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from msgspec import Struct

from core.auth.roles import ROLE_SCOPES, Role, Scope
from core.problem_http import PROBLEM_JSON
from tests.integration.steppe.described import described
from tests.integration.steppe.served import ServedCity

pytestmark = pytest.mark.xdist_group("served-city")


class BadQuery(Struct, frozen=True, kw_only=True):
    """A value that lies just past a limit of a parameter."""

    method: str
    path: str
    scope: str | None
    name: str
    values: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
    """What else the operation requires, well within its limits."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.name}={self.values[0][:20]} x{len(self.values)}"


def bad_queries() -> Iterator[BadQuery]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    for values in past_the_limits(parameter["schema"]):
                        yield BadQuery(
                            method=method.upper(),
                            path=path,
                            scope=operation.get("x-scope"),
                            name=parameter["name"],
                            values=values,
                            beside=tuple(required_beside(operation, parameter["name"])),
                        )


def required_beside(operation: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Yield every other parameter that must be there, with a value that is let pass."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"] != name:
            schema = parameter["schema"]
            yield parameter["name"], example(schema.get("items", schema), parameter["name"])


def past_the_limits(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield, for each limit, values that break it and no other."""
    if "minimum" in schema:
        yield (str(schema["minimum"] - 1),)
    if "maximum" in schema:
        yield (str(schema["maximum"] + 1),)
    if "minLength" in schema:
        yield ("x" * (schema["minLength"] - 1),)
    if "maxLength" in schema:
        yield ("x" * (schema["maxLength"] + 1),)
    if "pattern" in schema:
        yield ("no such pattern",)
    if "maxItems" in schema:
        yield (example(schema["items"]),) * (schema["maxItems"] + 1)
    if schema.get("type") in ("integer", "number"):
        yield ("many",)


BOX = "109,39,110,40"


def example(items: dict[str, Any], name: str = "") -> str:
    if name == "bbox":
        return BOX
    if name == "district":
        return "AA"
    if items.get("type") in ("integer", "number"):
        return str(items.get("minimum", 1)).removesuffix(".0")
    if "$ref" in items:
        items = described()["components"]["schemas"][items["$ref"].rpartition("/")[2]]
    return str(items.get("enum", ["x"])[0])


@pytest.mark.parametrize("query", list(bad_queries()), ids=str)
def test_a_value_past_a_limit_is_refused_by_the_name_of_its_parameter(
    served_city: ServedCity, query: BadQuery
) -> None:
    role = next((role for role in Role if query.scope and Scope(query.scope) in ROLE_SCOPES[role]), None)
    with served_city.client(role) as caller:
        answer = caller.request(
            query.method,
            query.path.format(**served_city.known),
            params=httpx.QueryParams([*query.beside, *((query.name, value) for value in query.values)]),
        )
    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "invalid-input"), answer.text
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert [error["field"] for error in told["errors"]] == [query.name]


@pytest.mark.parametrize("number", ["", "1" * 33], ids=["nothing", "too long"])
def test_the_demo_s_phone_has_limits_too_although_no_document_names_it(
    served_city: ServedCity, number: str
) -> None:
    with served_city.client() as anybody:
        answer = anybody.get("/api/demo/phone", params={"number": number})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert [error["field"] for error in answer.json()["errors"]] == ["number"]


def test_every_number_in_a_query_has_two_limits() -> None:
    queries = list(bad_queries())
    numeric = {(query.path, query.name) for query in queries if query.values == ("many",)}
    tried = {
        (query.path, query.name)
        for query in queries
        if len(query.values) == 1 and query.values[0].lstrip("-").replace(".", "").isdigit()
    }
    assert len(numeric) >= 8
    assert numeric == tried
