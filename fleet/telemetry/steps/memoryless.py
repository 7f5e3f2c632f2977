"""What a step without memory of its own inherits."""

from fleet.telemetry.records import Records
from fleet.telemetry.tick import Numbers


class Memoryless:
    """Nothing to reserve, recall or forget."""

    def reserve(self, size: int) -> None:
        """Do nothing."""

    def recall(self, state: Records) -> None:
        """Do nothing."""

    def forget(self, numbers: Numbers) -> None:
        """Do nothing."""
