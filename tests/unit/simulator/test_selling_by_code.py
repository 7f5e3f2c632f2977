"""A vending vehicle's keypad: a code opens one slot once, while the vehicle stands, with no network."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.links.wire.commands import AssignTask, CommandKind, OpenCompartment, SaleCodes, Verifier
from fleet.links.wire.reports import CodeFailed, CommandAck, DoorOpened, GoodsTaken
from simulator.vehicles.keypad import digest_of
from simulator.vehicles.memory import decode_memory, encode_memory
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import CODES, KEY, START_MS, Drive, a_plan, a_stop, a_vehicle

ENDS = datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(seconds=900)
NOTHING_OPEN = "nothing_here"


def codes_of(sale_id: str = "s1", slot: int = 2, quantity: int = 1) -> SaleCodes:
    return SaleCodes(
        sale_id=sale_id,
        compartment=slot,
        quantity=quantity,
        verifiers=tuple(
            Verifier(
                generation=generation,
                digest=digest_of(bytes.fromhex(KEY), sale_id, generation, code),
                expires_at=ENDS,
            )
            for generation, code in CODES.items()
        ),
    )


def a_seller(*sales: SaleCodes) -> Drive:
    drive = Drive(a_vehicle("vending"))
    for one in sales:
        drive.give(CommandKind.SALE_CODES, one)
    drive.said()
    return drive


def typed(drive: Drive, code: str) -> str:
    return drive.vehicle.type_code(code, drive.now_ms).result


def a_way_on() -> AssignTask:
    return a_plan(a_stop("s-1", "visit", 80.0), service="vending")


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_code_opens_its_slot_once_and_the_vehicle_says_what_was_taken(generation: int) -> None:
    drive = a_seller(codes_of(quantity=3))
    drive.is_heard = False
    answer = drive.vehicle.type_code(CODES[generation], drive.now_ms)
    assert (answer.result, answer.compartment, answer.generation) == ("opened", 2, generation)
    drive.until(lambda: not drive.vehicle.doors.any_open)
    said = drive.said()
    [opened] = [r for r in said if isinstance(r, DoorOpened)]
    assert (opened.by, opened.sale_id, opened.order_id, opened.generation) == (
        "keypad",
        "s1",
        None,
        generation,
    )
    [taken] = [r for r in said if isinstance(r, GoodsTaken)]
    assert (taken.sale_id, taken.compartment) == ("s1", 2)
    assert 2 <= taken.quantity <= 3
    assert typed(drive, CODES[generation]) == NOTHING_OPEN


def test_a_wrong_code_costs_every_sale_a_try_and_five_lock_a_generation() -> None:
    drive = a_seller(codes_of("s1", 1), codes_of("s2", 2))
    assert [typed(drive, "999999") for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    failed = [r for r in drive.said() if isinstance(r, CodeFailed)]
    assert [(r.sale_id, r.order_id, r.tries) for r in failed[:2]] == [("s1", None, 1), ("s2", None, 1)]
    assert len(failed) == 10
    assert typed(drive, CODES[1]) == "wrong"
    assert typed(drive, CODES[2]) == "opened"


def test_wrong_codes_of_a_sale_outlive_a_loss_of_power() -> None:
    drive = a_seller(codes_of())
    for _ in range(15):
        typed(drive, "999999")
    kept = decode_memory(encode_memory(drive.vehicle.memory))
    again = Drive(Vehicle(drive.vehicle.given, kept, seed=1))
    assert [typed(again, code) for code in CODES.values()] == ["locked"] * 3


def test_a_code_past_its_time_opens_nothing() -> None:
    drive = a_seller(codes_of())
    end_ms = int(ENDS.timestamp() * 1000)
    assert drive.vehicle.type_code(CODES[1], end_ms).result == NOTHING_OPEN
    assert drive.vehicle.memory.sales == {}


def test_a_code_whose_sale_was_called_off_opens_nothing() -> None:
    drive = a_seller(codes_of("s1", 1), codes_of("s2", 2))
    typed(drive, "999999")
    drive.give(CommandKind.SALE_CODES, SaleCodes(sale_id="s1", compartment=1, quantity=1))
    assert drive.vehicle.memory.tries.keys() == {"s2"}
    assert typed(drive, "999999") == "wrong"
    assert drive.vehicle.memory.sales.keys() == {"s2"}


def test_a_vehicle_that_drives_on_forgets_its_sales() -> None:
    drive = a_seller(codes_of())
    drive.assign(a_way_on())
    drive.until(lambda: drive.vehicle.speed_mps > 0)
    assert typed(drive, CODES[1]) == NOTHING_OPEN
    drive.give(CommandKind.SALE_CODES, codes_of("s2"))
    [refused] = [r for r in drive.said() if isinstance(r, CommandAck) and r.result == "rejected"]
    assert refused.detail == "moving"


def test_a_door_that_the_page_opened_is_not_opened_by_the_code_as_well() -> None:
    drive = a_seller(codes_of())
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=2, sale_id="s1", quantity=1))
    assert typed(drive, CODES[1]) == NOTHING_OPEN


def test_a_slot_that_the_vehicle_does_not_have_is_refused() -> None:
    drive = Drive(a_vehicle("vending"))
    drive.give(CommandKind.SALE_CODES, codes_of(slot=9))
    assert drive.words()[0] == "CommandAck rejected"
