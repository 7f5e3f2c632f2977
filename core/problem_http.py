"""RFC 9457 problem documents and WebSocket closes out of core.problems, for Litestar applications."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import Headers
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
    ValidationException,
    WebSocketException,
)
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec

from core.errors import SteppeError
from core.problems import PROBLEMS, problem
from core.redis import REDIS_DOWN

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:steppe:problem:"
"""RFC 9457 `type`: an address that need not be opened; docs/problems.md has one heading per code."""

_log = structlog.get_logger("core.problem_http")

_CODE_OF_STATUS: Mapping[int, str] = {
    400: "invalid-input",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    503: "unavailable",
}


class InvalidField(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was refused: where it is and what is allowed there."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The body of every error answer (application/problem+json)."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    fields: dict[str, Any] = {}
    errors: tuple[InvalidField, ...] = ()
    retry_after_s: float | None = None


def problem_responses(*codes: str) -> dict[int, ResponseSpec]:
    """Return the `responses=` of a route that may answer with these codes, grouped by status.

    Raises UnknownProblemCode for a code that is not in the table.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(problem(code).status, []).append(code)
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            media_type=PROBLEM_JSON,
            description="; ".join(f"{code}: {PROBLEMS[code].title}" for code in sorted(named)),
        )
        for status, named in sorted(by_status.items())
    }


def problem_document(error: SteppeError) -> Problem:
    """Return the document of a domain error."""
    row = problem(error.code)
    fields = {name: value for name, value in error.fields.items() if name != "retry_after_s"}
    retry_after = error.fields.get("retry_after_s")
    return Problem(
        type=TYPE_PREFIX + row.code,
        code=row.code,
        title=row.title,
        status=row.status,
        detail=error.message,
        fields=fields,
        retry_after_s=retry_after if isinstance(retry_after, int | float) else None,
    )


def as_response(document: Problem, headers: Mapping[str, str] | None = None) -> Response[Problem]:
    """Return the answer of a problem; 503 and 429 always carry Retry-After."""
    all_headers = dict(headers or {})
    retry_after = document.retry_after_s
    if retry_after is None and document.status in (429, 503):
        retry_after = 2
    if retry_after is not None:
        all_headers["Retry-After"] = str(max(1, round(retry_after)))
    return Response(
        document,
        status_code=document.status,
        media_type=PROBLEM_JSON,
        headers=all_headers,
    )


def close_exception(error: SteppeError) -> WebSocketException:
    """Return what a WebSocket handler raises: closes with the 44xx of the code, the code as reason."""
    return WebSocketException(detail=error.code, code=problem(error.code).close_code)


def _on_steppe_error(_: Request[Any, Any, Any], error: SteppeError) -> Response[Problem]:
    return as_response(problem_document(error))


def _on_redis_down(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.warning("redis_unavailable", error=type(error).__name__)
    return as_response(problem_document(SteppeError("redis-unavailable")))


def _on_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    sent_as = _names_of_parameters(request)
    errors = tuple(_invalid_fields(error.extra, sent_as)) or tuple(_missing_parameter(error.detail))
    first = errors[0] if errors else None
    detail = f"{first.field}: {first.message}" if first else "The request cannot be read"
    row = problem("invalid-input")
    document = Problem(
        type=TYPE_PREFIX + row.code,
        code=row.code,
        title=row.title,
        status=row.status,
        detail=detail,
        errors=errors,
    )
    return as_response(document)


def _names_of_parameters(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """Return how the parameters of the route are sent, by their names in the code where those differ."""
    handler = request.scope.get("route_handler")
    if not isinstance(handler, HTTPRouteHandler):
        return {}
    fields = handler.parsed_fn_signature.parameters
    named = {name: getattr(field.kwarg_definition, "name", None) for name, field in fields.items()}
    return {name: sent for name, sent in named.items() if sent is not None}


def _invalid_fields(extra: Any, sent_as: Mapping[str, str]) -> list[InvalidField]:
    found: list[InvalidField] = []
    for item in extra if isinstance(extra, list) else []:
        if isinstance(item, Mapping):
            name = str(item.get("key") or item.get("source") or "body")
            if item.get("source") != "body":
                name = sent_as.get(name, name)
            found.append(InvalidField(field=name, message=str(item.get("message", "is not acceptable"))))
    return found


def _missing_parameter(detail: str) -> list[InvalidField]:
    # Litestar names a missing parameter in the sentence only, followed by the address
    found = re.search(r"[Mm]issing required \w+ parameter '([^']+)'", detail)
    return [InvalidField(field=found[1], message="is missing")] if found else []


def _on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    fallback = "invalid-input" if error.status_code < 500 else "internal-error"
    row = problem(_CODE_OF_STATUS.get(error.status_code, fallback))
    # Litestar's detail may repeat the address with its query string; only the sentence of ours leaves
    document = Problem(
        type=TYPE_PREFIX + row.code, code=row.code, title=row.title, status=row.status, detail=row.title
    )
    allowed = Headers(error.headers or {})
    kept = {name: allowed[name] for name in ("Allow", "WWW-Authenticate", "Retry-After") if name in allowed}
    return as_response(document, kept)


def _on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.error("unhandled_error", path=request.scope.get("path_template", ""), exc_info=error)
    return as_response(problem_document(SteppeError("internal-error")))


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[..., Response[Problem]]] = {
    SteppeError: _on_steppe_error,
    ValidationException: _on_validation,
    NotAuthorizedException: _on_http_exception,
    PermissionDeniedException: _on_http_exception,
    HTTPException: _on_http_exception,
    **dict.fromkeys(REDIS_DOWN, _on_redis_down),
    Exception: _on_bug,
}
"""Give these to Litestar(exception_handlers=…)."""
