"""What is left when a run is over, told and kept."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.checker import Violation

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Run:
    """One run: its violations, and how hard it was."""

    violations: list[Violation]
    acknowledged: int
    deaths: dict[str, int]
    settled_s: float
    notes: str = ""
    crowding: float = 1.0
    """How many times slower than on two idle cores the machine was at the start."""
    shared_runs: int = 0
    """Tasks that carried more than one order."""

    def __str__(self) -> str:
        told = "\n".join(f"  {violation}" for violation in self.violations[:12])
        return (
            f"{self.acknowledged} acknowledged, settled {self.settled_s:.1f} s after the last fault,"
            f" deaths {self.deaths}, {len(self.violations)} violations {self.notes}\n{told}"
        )

    def told(self) -> "Run":
        """Say it on the terminal (pytest -s) and return it."""
        sys.stdout.write(f"{self}\n")
        return self

    def kept(self, folder: Path, name: str) -> "Run":
        """Write it to <folder>/<name>.json and return it; long runs, by hand, are kept in RESULTS."""
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")
        return self
