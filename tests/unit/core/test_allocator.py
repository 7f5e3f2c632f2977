"""Memory of large arrays goes back to the system when they die."""

import gc
import subprocess
import sys
import weakref

from core.allocator import give_back

CODE = """
import numpy as np
from core.allocator import give_back, keep_no_holes

def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6

{first}
np.ones(3_000_000)  # 24 MB that die at once: glibc takes them as a hint
before = resident_mb()
large = [np.ones(800_000) for _ in range(20)]  # 6.4 MB each
pins = [np.ones(50_000) for _ in range(20)]
del large
print(round(resident_mb() - before))
"""


def grown_mb(first: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_large_arrays_leave_no_holes() -> None:
    assert grown_mb("assert keep_no_holes()") < 40


def test_without_it_their_memory_stays() -> None:
    assert grown_mb("pass") > 100


def test_giving_back_can_be_asked_for_at_any_time() -> None:
    assert grown_mb("give_back(); assert keep_no_holes()") < 40


def arrows_pool(first: str) -> str:
    code = f"from core.allocator import lend_to_arrow; {first}; import pyarrow as pa"
    words = [sys.executable, "-c", f"{code}; print(pa.default_memory_pool().backend_name)"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_arrow_takes_its_memory_here_when_it_is_told_before_it_is_loaded() -> None:
    assert arrows_pool("lend_to_arrow()") == "system"
    assert arrows_pool("pass") != "system"


class Held:
    """Something that can be looked at weakly."""


def test_what_an_old_caught_error_holds_is_given_back() -> None:
    """In the oldest generation, where the collector of its own accord looks seldom."""

    def storm() -> weakref.ref[Held]:
        held = Held()
        try:
            raise ValueError("a script that the server has forgotten")
        except ValueError as error:
            again = error  # the frame holds the error, and the error the frame
        assert again.__traceback__ is not None
        return weakref.ref(held)

    gc.disable()
    try:
        ref = storm()
        assert ref() is not None
        give_back()
        assert ref() is None
    finally:
        gc.enable()
