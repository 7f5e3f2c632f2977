"""Places: what a slot was given is found again, whoever else moved, grew or was forgotten meanwhile."""

import numpy as np
import pytest

from geofences.places import EMPTY, FEWEST, Places


def given(places: Places, slot: int) -> dict[int, tuple[int, int, int]]:
    place = places.of(np.array([slot])).place
    place = place[places.fence[place] != EMPTY]
    found = zip(
        places.fence[place], places.phase[place], places.since_ms[place], places.stay_ms[place], strict=True
    )
    return {int(fence): (int(phase), int(since), int(stay)) for fence, phase, since, stay in found}


def insert(places: Places, slots: list[int], fences: list[int], times: list[int]) -> None:
    count = len(slots)
    places.insert(
        np.array(slots, np.int32),
        np.array(fences, np.int32),
        np.full(count, 2, np.int8),
        np.array(times, np.int64),
        np.array(times, np.int64) * 2,
    )


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_changes_leaves_what_a_dictionary_would_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, known, size = Places(40), dict[int, dict[int, tuple[int, int, int]]](), 40
    for _ in range(60):
        what = rng.integers(4)
        if what == 0:
            size += int(rng.integers(0, 5))
            places.reserve(size)
        elif what == 1:
            slots = rng.choice(size, 6, replace=False)
            places.empty(places.of(slots).place)
            for slot in slots.tolist():
                known.pop(slot, None)
        else:
            crowd = int(rng.integers(1, 4))
            pairs = {(int(slot), int(fence)) for slot, fence in rng.integers([crowd * 13, 500], size=(30, 2))}
            fresh = [(slot, fence) for slot, fence in pairs if fence not in known.get(slot, {})]
            times = rng.integers(1, 1_000_000, len(fresh)).tolist()
            insert(places, [slot for slot, _ in fresh], [fence for _, fence in fresh], times)
            for (slot, fence), time in zip(fresh, times, strict=True):
                known.setdefault(slot, {})[fence] = (2, time, time * 2)
        assert [given(places, slot) for slot in range(size)] == [known.get(slot, {}) for slot in range(size)]
    held = [(slot, fence) for slot, fences in known.items() for fence in fences]
    slots, fences = np.array(held, np.int32).T
    assert (places.fence[places.find(slots, fences)] == fences).all()
    assert (places.find(slots, fences + 1_000) == -1).all()


def test_run_that_was_left_is_given_to_the_next_that_grows() -> None:
    places = Places(100)
    wide = list(range(2 * FEWEST + 1))
    insert(places, [7] * len(wide), wide, wide)
    before = len(places.fence)
    insert(places, [8] * (FEWEST + 1), wide[: FEWEST + 1], wide[: FEWEST + 1])
    assert len(places.fence) == before
    assert set(given(places, 7)) == set(wide)


def test_slots_without_any_place_asked_for_have_no_runs() -> None:
    line, place, start = Places(3).of(np.empty(0, np.int32))
    assert len(line) == len(place) == len(start) == 0
