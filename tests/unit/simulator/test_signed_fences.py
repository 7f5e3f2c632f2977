"""A vehicle takes only fence sets that its city signed for it."""

import msgspec

from fleet.commands.sign_fences import FenceSigner
from fleet.links.wire.commands import CommandKind, UpdateFences, WireFence
from fleet.links.wire.fence_sets import signed_text
from tests.simulated import Drive, a_vehicle

SIGNER = FenceSigner("the audit key of a test")
GATE = WireFence(
    fence_id="gate",
    version=3,
    kind="slow_zone",
    rings=(((109.78000004999, 39.6), (109.79, 39.6), (109.79, 39.61), (109.78000004999, 39.6)),),
    speed_limit_mps=2.7778,
    no_stopping=True,
)


def test_the_signed_text_is_the_one_of_the_protocol() -> None:
    assert signed_text(7, 12, [GATE]).decode().split("\n") == [
        "signed fence set 1",
        "7",
        "12",
        "gate 3 slow_zone 0 1 2778 1",
        "1097800000,396000000 1097900000,396000000 1097900000,396100000 1097800000,396000000",
    ]


def test_a_signed_set_is_held_and_a_changed_one_refused() -> None:
    drive = Drive(a_vehicle())
    drive.vehicle.given = msgspec.structs.replace(drive.vehicle.given, fence_key=SIGNER.public_key)
    number = drive.vehicle.given.vehicle_no
    good = UpdateFences(fence_set_version=12, fences=(GATE,), signature=SIGNER.sign(number, 12, [GATE]))
    drive.give(CommandKind.UPDATE_FENCES, good)
    assert drive.vehicle.memory.fence_set_version == 12
    for bad in (
        msgspec.structs.replace(good, fence_set_version=13),
        msgspec.structs.replace(good, fences=(msgspec.structs.replace(GATE, speed_limit_mps=9.0),)),
        UpdateFences(fence_set_version=13, fences=()),
    ):
        drive.give(CommandKind.UPDATE_FENCES, bad)
        assert drive.vehicle.memory.fence_set_version == 12
