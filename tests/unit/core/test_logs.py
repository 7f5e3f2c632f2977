"""What a log line keeps and what it hides."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import structlog

from core import logs


@pytest.fixture
def lines() -> Iterator[Any]:
    before = list(logging.getLogger().handlers), logging.getLogger().level
    stream = io.StringIO()
    logs.configure("api", "debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure("test", "debug")
    logging.getLogger().handlers[:], logging.getLogger().level = before


def test_a_line_is_json_with_time_level_process_and_event(lines: Any) -> None:
    structlog.get_logger("core.x").warning("outage_begins", code="redis-unavailable", tries=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "outage_begins",
        "level": "warning",
        "logger": "core.x",
        "process": "api",
        "code": "redis-unavailable",
        "tries": 3,
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("called 13812345678 twice", "called 138****5678 twice"),
        ("+86 138-1234-5678", "138****5678"),
        ("order 20261113812345678", "order 20261113812345678"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4IjoxMjM0.c2lnbmF0dXJlc2lnbmF0", "***"),
        ("postgresql://steppe:hunter2@db/steppe", "postgresql://steppe:***@db/steppe"),
        ("GET /api/orders?code=123456", "GET /api/orders?***"),
    ],
)
def test_phones_tokens_passwords_and_query_strings_are_masked(text: str, kept: str) -> None:
    assert logs.masked(text) == kept


@pytest.mark.parametrize("name", ["phone", "password", "access_token", "totp", "pickup_code", "session_id"])
def test_a_secret_name_is_hidden_whatever_it_holds(lines: Any, name: str) -> None:
    structlog.get_logger("x").info("e", **{name: 123456})
    assert lines()[0][name] == "***"


def test_text_under_a_name_that_is_not_listed_shows_its_length_only(lines: Any) -> None:
    structlog.get_logger("x").info("e", comment="she lives at 5 Ordos Street", nested={"note": "abc", "n": 1})
    assert lines()[0]["comment"] == "<27 characters>"
    assert lines()[0]["nested"] == {"note": "<3 characters>", "n": 1}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2026-11-29", "2026-11-29"),
        ("2026-11-29T08:30:15.123456+00:00", "2026-11-29T08:30:15.123456+00:00"),
        ("2026-11-29 08:30Z", "2026-11-29 08:30Z"),
        (date(2026, 11, 29), "2026-11-29"),
        (datetime(2026, 11, 29, 8, 30, tzinfo=UTC), "2026-11-29 08:30:00+00:00"),
        (time(8, 30), "08:30:00"),
        (timedelta(minutes=2), "0:02:00"),
        ("2026-11-29 她住在鄂尔多斯街", "<19 characters>"),
        ("13812345678", "<11 characters>"),
        ("2026-99-29", "<10 characters>"),
    ],
)
def test_a_date_or_moment_is_kept_under_any_name_and_nothing_beside_it(
    lines: Any, value: Any, kept: Any
) -> None:
    structlog.get_logger("x").info("e", day=value, phone=value)
    assert (lines()[0]["day"], lines()[0]["phone"]) == (kept, "***")


def test_a_moment_in_a_listed_text_is_no_phone(lines: Any) -> None:
    structlog.get_logger("x").info("e", reason="since 2026-11-29T13:58:12.345678+00:00, day 2026-11-29")
    assert lines()[0]["reason"] == "since 2026-11-29T13:58:12.345678+00:00, day 2026-11-29"


def test_an_exception_keeps_its_trace_without_the_phone_in_it(lines: Any) -> None:
    try:
        raise ValueError("no resident 13812345678")
    except ValueError as error:
        structlog.get_logger("x").error("failed", exc_info=error)
    assert "ValueError: no resident 138****5678" in lines()[0]["exception"]


def test_the_logging_module_goes_the_same_way(lines: Any) -> None:
    logging.getLogger("uvicorn.error").warning("call %s", "13812345678")
    assert lines()[0]["event"] == "call 138****5678"
    assert lines()[0]["process"] == "api"
