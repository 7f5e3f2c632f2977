"""Which records are of the same vehicle: scratch columns say the same as sorting."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.telemetry.numbering import Numbering, last_of_each


@settings(deadline=None)
@given(st.lists(st.integers(0, 199), max_size=60), st.sampled_from([200, 100_000]))
def test_repeated_numbers_are_found_as_by_sorting(listed: list[int], size: int) -> None:
    numbering = Numbering(10)
    numbering.reserve(size)
    numbers = np.array(listed, np.intp)
    for _ in range(2):  # what a call leaves behind means nothing to the next
        rows, found = numbering.last_of_each(numbers)
        assert rows.tolist() == last_of_each(numbers).tolist()
        assert found.tolist() == sorted(set(listed))
        assert numbering.are_different(numbers) == (len(set(listed)) == len(listed))
