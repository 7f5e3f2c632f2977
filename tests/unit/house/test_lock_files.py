"""What may stand in a lock file."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_file_carries_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "--index-url" not in text


def test_npm_lock_file_carries_no_addresses() -> None:
    text = (ROOT / "dashboard/web/package-lock.json").read_text()
    assert '"resolved"' not in text
    assert '"integrity"' in text


def test_there_are_lock_files_to_look_at() -> None:
    assert {lock.stem for lock in LOCKS} == {"bootstrap", "run", "demo", "test"}
