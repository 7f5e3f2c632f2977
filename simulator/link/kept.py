"""Frames that were made and do not lie on the city's disk yet."""

from collections import deque

AGAIN_FIRST_S, AGAIN_MOST_S = 1.0, 30.0
"""Pauses before a frame that was not taken is sent again, doubling."""
MOST_BYTES = 64_000_000
"""About an hour of 200 vehicles; beyond it the oldest is let go, and counted."""


class KeptFrames:
    """A queue of (frame seq, bytes); its newest ``unsent`` frames have not been sent on this link."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self.unsent = 0
        self.durable_seq = 0
        self._again: dict[int, tuple[float, float]] = {}
        """Frame that the city could not take → when it is sent again, and the pause after that."""
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
        self.accepted(frame_seq)
        while self._frames and self._frames[0][0] <= frame_seq:
            self._drop_oldest()

    def rewind(self) -> None:
        """Send everything again that is not durable: the link is a new one."""
        self.unsent = len(self._frames)
        self._again.clear()

    def not_taken(self, frame_seq: int, wall_s: float) -> None:
        """Send a frame again after a pause; each time that it is refused the pause is twice as long."""
        if frame_seq > self.durable_seq:
            pause_s = self._again.get(frame_seq, (0.0, AGAIN_FIRST_S))[1]
            self._again[frame_seq] = (wall_s + pause_s, min(2 * pause_s, AGAIN_MOST_S))

    def accepted(self, frame_seq: int) -> None:
        """Note that every frame up to this number was taken."""
        for taken in [seq for seq in self._again if seq <= frame_seq]:
            del self._again[taken]

    def due_again(self, wall_s: float) -> list[bytes]:
        """Return the frames whose pause is over, oldest first, and take them as sent."""
        due = {seq for seq, (at_s, _) in self._again.items() if at_s <= wall_s}
        for seq in due:
            self._again[seq] = (float("inf"), self._again[seq][1])
        return [frame for seq, frame in self._frames if seq in due] if due else []

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
