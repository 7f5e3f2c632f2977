"""One JSON line per event on stderr, with an allow-list for text and masking of what must not be kept.

Numbers, booleans, None, dates and moments always pass. Text passes under a name of LOGGED_TEXT only; under
any other name its length is logged. Phones, one-time codes and tokens are masked wherever they appear.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date, time, timedelta
from enum import Enum
from typing import IO, Any

import structlog

LOGGED_TEXT = frozenset(
    {
        # of structlog and the logging module
        "event", "level", "timestamp", "logger", "process", "exception", "stack",
        # of ours: names, codes, kinds and ids that are no personal data
        "alarm_id", "city", "close_code", "code", "command_id", "component", "decision_id", "detail_code",
        "district", "epoch", "error", "fence_id", "field", "holder", "host", "job", "job_id", "kind", "lease",
        "maker", "method", "name", "noun", "operator", "order_id", "outcome", "partition", "path", "point",
        "policy", "queue", "reason", "result", "role", "route", "service", "state", "stop_id", "table",
        "task_id", "topic", "town", "url_path", "vehicle_code", "version", "worker", "zone",
    }
)  # fmt: skip
"""Names under which text is logged as it is (masked for phones and tokens)."""

SECRET_NAMES = re.compile(
    r"(password|passwd|secret|token|totp|otp|pickup_code|one_time|authorization|cookie|session|phone|verifier"
    r"|private|credential|api_key)", re.IGNORECASE
)  # fmt: skip
"""Names whose value is never logged, whatever its type."""

_PHONE = re.compile(r"(?<![\w.])(?:\+?86[- ]?)?(1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?![\w.])")
"""A mobile number of mainland China (11 digits, 1 and 3–9 first), with or without +86."""
_TOKEN = re.compile(r"\b(?:[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|[Bb]earer\s+\S+)")
"""A JSON Web Token, or whatever follows Bearer."""
_CREDENTIALS_IN_URL = re.compile(r"(\w+://[^/\s:@]*:)[^@/\s]+@")
_QUERY = re.compile(r"(/[\w/.-]*)\?\S+")
"""Query strings carry codes and names."""

_MOMENT = re.compile(
    r"\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
"""A date or moment as ISO 8601 writes it: nothing else fits into it, so it is kept under any name."""

HIDDEN = "***"

type _Event = MutableMapping[str, Any]


def masked(text: str) -> str:
    """Return the text with phones as 138****5678 and tokens, URL passwords and query strings hidden."""
    text = _PHONE.sub(r"\1****\2", text)
    text = _TOKEN.sub(HIDDEN, text)
    text = _CREDENTIALS_IN_URL.sub(rf"\1{HIDDEN}@", text)
    return _QUERY.sub(rf"\1?{HIDDEN}", text)


def allow_and_mask(_logger: object, _method: str, event: _Event) -> _Event:
    """Be the structlog processor that decides what of an event is kept."""
    return {name: _kept(name, value) for name, value in event.items()}


def _kept(name: str, value: object) -> object:
    if name in LOGGED_TEXT and isinstance(value, str):
        return masked(value)
    if SECRET_NAMES.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if _is_moment(value):
        return str(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str | bytes):
        return (
            masked(value) if name in LOGGED_TEXT and isinstance(value, str) else f"<{len(value)} characters>"
        )
    if isinstance(value, Mapping):
        return {str(inner): _kept(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_kept(name, item) for item in list(value)[:20]]
    return masked(str(value)) if name in LOGGED_TEXT else f"<{type(value).__name__}>"


def _is_moment(value: object) -> bool:
    """Say whether it is a date, a time, a span of time, or text that is one date or moment."""
    if isinstance(value, str):
        return _MOMENT.fullmatch(value) is not None
    return isinstance(value, date | time | timedelta)


def configure(process: str, level: str = "info", stream: IO[str] | None = None) -> None:
    """Send structlog and the logging module through the same processors to `stream` (stderr by default).

    process: the name that each line carries, such as "api". Once per process, before the first event.
    """
    numeric = logging.getLevelNamesMapping()[level.upper()]

    def name_process(_logger: object, _method: str, event: _Event) -> _Event:
        event["process"] = process
        return event

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
        structlog.processors.format_exc_info,
        allow_and_mask,
    ]
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(numeric)
    for chatty in ("httpx", "httpcore", "aiosqlite", "websockets", "rq.worker", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(numeric, logging.WARNING))
