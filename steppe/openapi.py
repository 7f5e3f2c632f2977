"""The OpenAPI 3.1 document of the api, from its routes alone: no store is opened.

Litestar describes what handlers take and return. What the app adds to every route is put in here, once:
who may call it, and the problems that identity, limits, bodies and stores may answer with.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Contact, License
from litestar.routes import HTTPRoute
from msgspec import Struct

from core.auth.cookies import LINK_COOKIE, RESIDENT_COOKIE, STAFF_COOKIE
from core.auth.guards import Requires
from core.auth.origin import SAFE_METHODS
from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.problem_http import PROBLEM_JSON
from core.problems import problem
from dashboard.routes import DASHBOARD_ROUTES
from mobile_api.routes import MOBILE_ROUTES

CONFIG: Final = OpenAPIConfig(
    title="Steppe",
    version=version("steppe"),
    summary="Operations of a city's low-speed unmanned vehicles",
    contact=Contact(name="The Steppe authors"),
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
)

ANY_ROUTE: Final = (
    "headers-too-large",
    "unavailable",
    "database-unavailable",
    "database-busy",
    "redis-unavailable",
)
SIGNED_IN: Final = ("not-authenticated", "session-expired", "token-invalid", "token-expired", "forbidden")
STATE_CHANGING: Final = ("origin-refused",)
WITH_PARAMETERS: Final = ("invalid-input",)
WITH_PATH_PARAMETERS: Final = ("not-found",)
WITH_BODY: Final = ("invalid-input", "malformed-json", "too-large", "unsupported-media-type")

SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "staff": {"type": "apiKey", "in": "cookie", "name": STAFF_COOKIE},
    "resident": {"type": "apiKey", "in": "cookie", "name": RESIDENT_COOKIE},
    "link": {"type": "apiKey", "in": "cookie", "name": LINK_COOKIE},
    "token": {"type": "http", "scheme": "bearer"},
}
SCHEME_OF_ROLE: Final[Mapping[Role, str]] = {
    **dict.fromkeys(STAFF_ROLES, "staff"),
    Role.RESIDENT: "resident",
    Role.LINK: "link",
    Role.MERCHANT: "token",
    Role.INTERNAL: "token",
}
"""Makers and devices hold tokens of the gateway, which the api does not know."""

PROVIDED: Final = ("auth", "principal", "caller", "dashboard", "fence_previews", "looker", "mobile")
"""Dependencies that routes take; a document needs their names only."""

type Json = dict[str, Any]


def document() -> str:
    """Return the document as indented JSON, the same for the same routes."""
    return msgspec.json.format(msgspec.json.encode(describe(), order="sorted"), indent=2).decode()


def describe() -> Json:
    """Return the document of the routes of every surface."""
    app = Litestar(
        [*DASHBOARD_ROUTES, *MOBILE_ROUTES],
        dependencies={name: _nothing() for name in PROVIDED},
        openapi_config=CONFIG,
        logging_config=None,
    )
    schema: Json = app.openapi_schema.to_schema()
    components = schema["components"]
    _repair(schema)
    for struct in _strict_structs(app):
        own = components["schemas"][_name_of(struct, components["schemas"])]
        own["additionalProperties"] = False
        _limit_items(own, struct)
    for path, method, handler in _handlers(app):
        _complete(schema["paths"][path][method.lower()], path, method, handler)
    components["securitySchemes"] = {name: dict(scheme) for name, scheme in SCHEMES.items()}
    return schema


def _nothing() -> Provide:
    # one function each: Litestar takes the same provider under two names for a mistake
    return Provide(lambda: None, sync_to_thread=False)


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    yield from ((route.path_format, method, handler) for method in handler.http_methods)


def _complete(operation: Json, path: str, method: str, handler: HTTPRouteHandler) -> None:
    scope = next((guard.scope for guard in handler.resolve_guards() if isinstance(guard, Requires)), None)
    parameters = operation.get("parameters", ())
    codes = {*ANY_ROUTE}
    if scope is not None:
        codes.update(SIGNED_IN)
        operation["security"] = [{scheme: []} for scheme in _schemes(scope)]
        operation["x-scope"] = scope.value
    if method not in SAFE_METHODS:
        codes.update(STATE_CHANGING)
    if parameters:
        codes.update(WITH_PARAMETERS)
    if "{" in path:
        codes.update(WITH_PATH_PARAMETERS)
    if "requestBody" in operation:
        codes.update(WITH_BODY)
    _add_problems(operation["responses"], codes)
    operation["responses"].get("204", {}).pop("content", None)
    for parameter in parameters:
        _complete_parameter(parameter)


def _schemes(scope: Scope) -> list[str]:
    return sorted({SCHEME_OF_ROLE[role] for role in SCHEME_OF_ROLE if scope in ROLE_SCOPES[role]})


def _add_problems(responses: Json, codes: Iterable[str]) -> None:
    for code in sorted(codes):
        row = problem(code)
        answer = responses.setdefault(str(row.status), {"description": ""})
        answer["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        said = [line for line in answer["description"].split("; ") if line]
        if not any(line.startswith(f"{code}: ") for line in said):
            answer["description"] = "; ".join([*said, f"{code}: {row.title}"])


def _complete_parameter(parameter: Json) -> None:
    if parameter["name"] == "Idempotency-Key":
        # optional for the framework, so that its absence is answered with a code of ours
        parameter["required"] = True
    kinds = parameter["schema"].get("oneOf", ())
    if {"type": "null"} in kinds:
        # nothing in an address can be null; left out is what is meant
        [kind] = [kind for kind in kinds if kind != {"type": "null"}]
        del parameter["schema"]["oneOf"]
        parameter["schema"].update(kind)


def _repair(node: Any) -> None:
    """Write ``tuple[X, ...]`` as a list of X: Litestar takes the dots for another type that fits anything."""
    if isinstance(node, dict):
        kinds = node.get("oneOf")
        if kinds is not None and {} in kinds:
            [kind] = [kind for kind in kinds if kind]
            del node["oneOf"]
            node.update(kind)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _repair(child)


def _strict_structs(app: Litestar) -> set[type[Struct]]:
    """Return the Structs of request bodies that refuse fields they do not know."""
    found: set[type[Struct]] = set()
    for _, _, handler in _handlers(app):
        field = handler.parsed_data_field
        _collect(field.annotation if field else None, found)
    return {struct for struct in found if struct.__struct_config__.forbid_unknown_fields}


def _collect(kind: Any, found: set[type[Struct]]) -> None:
    if isinstance(kind, type) and issubclass(kind, Struct):
        if kind not in found:
            found.add(kind)
            for field in msgspec.structs.fields(kind):
                _collect(field.type, found)
        return
    for inner in getattr(kind, "__args__", ()):
        _collect(inner, found)


def _limit_items(schema: Json, struct: type[Struct]) -> None:
    """Give the plain items of a body's lists their limits, which Litestar leaves out."""
    (told,), known = msgspec.json.schema_components(
        [struct], schema_hook=lambda _: {"description": "anything"}
    )
    properties = known[told["$ref"].rpartition("/")[2]]["properties"]
    for name, mine in schema["properties"].items():
        lists = [one for one in (mine, *mine.get("oneOf", ())) if one.get("type") == "array"]
        theirs = properties[name]
        items = [one["items"] for one in (theirs, *theirs.get("anyOf", ())) if "items" in one]
        for one, limited in zip(lists, items, strict=True):
            if "$ref" not in limited and limited.get("type") == one["items"].get("type"):
                one["items"] = limited


def _name_of(struct: type[Struct], schemas: Mapping[str, Any]) -> str:
    whole = f"{struct.__module__}.{struct.__qualname__}".replace(".", "_")
    return whole if whole in schemas else struct.__name__
