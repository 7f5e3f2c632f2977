"""Frames that were made and do not lie on the city's disk yet."""

from collections import deque

MOST_BYTES = 64_000_000
"""About an hour of 200 vehicles; beyond it the oldest is let go, and counted."""


class KeptFrames:
    """A queue of (frame seq, bytes); its newest ``unsent`` frames have not been sent on this link."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self.unsent = 0
        self.durable_seq = 0
        self.let_go = 0
        """Frames that were dropped because the city was away for too long."""

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame_seq: int, frame: bytes) -> None:
        """Keep a new frame; its number must be above every earlier one."""
        self._frames.append((frame_seq, frame))
        self._bytes += len(frame)
        self.unsent += 1
        while self._bytes > MOST_BYTES:
            self._drop_oldest()
            self.let_go += 1

    def durable(self, frame_seq: int) -> None:
        """Forget every frame up to this number."""
        self.durable_seq = max(self.durable_seq, frame_seq)
        while self._frames and self._frames[0][0] <= frame_seq:
            self._drop_oldest()

    def rewind(self) -> None:
        """Send everything again that is not durable: the link is a new one."""
        self.unsent = len(self._frames)

    def next_to_send(self) -> bytes | None:
        """Return the oldest frame that this link has not sent and take it as sent; None when all are."""
        if not self.unsent:
            return None
        frame = self._frames[-self.unsent][1]
        self.unsent -= 1
        return frame

    def _drop_oldest(self) -> None:
        _, frame = self._frames.popleft()
        self._bytes -= len(frame)
        self.unsent = min(self.unsent, len(self._frames))
