"""The pages' types of the api are those of the api."""

import importlib.util
from pathlib import Path

WEB = Path(__file__).parents[3] / "dashboard" / "web"


def test_types_of_the_pages_are_current() -> None:
    """Out of date: run dashboard/web/scripts/api_types.py with the project's Python."""
    spec = importlib.util.spec_from_file_location("web_api_types", WEB / "scripts" / "api_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.is_current()
