"""What a process asks of the C library's allocator, so that it gives memory back."""

import ctypes
import gc
import os
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""Names of mallopt(3), glibc's malloc.h."""
MMAPPED_BYTES: Final = 4 << 20
"""Arrays above it are mapped each on its own and given back when they die. Left alone, glibc raises the limit
to 32 MB after the first of them and keeps their holes: 40 MB of a tracker that loads 3,000 fences, hundreds
after a storm. Arrays of a tick are far smaller."""
ARENAS: Final = 2


def keep_no_holes() -> bool:
    """Set both limits and return whether that was possible: another C library is left as it is."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, MMAPPED_BYTES)) and bool(mallopt(_M_ARENA_MAX, ARENAS))


def give_back() -> None:
    """Return what is free at the top of the heap and in whole pages to the system; a few milliseconds.

    Also what only cycles hold: the collector looks at what is old when enough that is new has become old, and
    until then a caught exception may hold the frames of a storm, 130 MB of a tracker that serves 100,000.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return


def lend_to_arrow() -> None:
    """Have Arrow use this allocator, should it be imported later: its own keeps 12 MB of what it freed.

    Arrow reads the variable where C code sees it, when it is loaded; a pool set from Python serves only what
    Python asks for.
    """
    os.putenv("ARROW_DEFAULT_MEMORY_POOL", "system")
