"""Bodies of the commands that the city sends to a vehicle: one Struct for each kind.

Inbound on the vehicle's side, sent by us: unknown fields are refused, so that a vehicle never half-obeys a
command that it does not fully understand.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from fleet.links.wire.fence_hours import WireHours

Lat = Annotated[float, Meta(ge=-90, le=90, description="WGS-84 latitude in degrees")]
Lng = Annotated[float, Meta(ge=-180, le=180, description="WGS-84 longitude in degrees")]


class CommandKind(StrEnum):
    """What a vehicle can be told."""

    ASSIGN_TASK = "assign_task"
    PAUSE = "pause"
    RESUME = "resume"
    SAFE_STOP = "safe_stop"
    EMERGENCY_STOP = "emergency_stop"
    RELEASE = "release"
    REROUTE = "reroute"
    RETURN_TO_DEPOT = "return_to_depot"
    OPEN_COMPARTMENT = "open_compartment"
    SPEAK = "speak"
    LIGHTS_HORN = "lights_horn"
    PREHEAT = "preheat"
    SET_SPEED_CAP = "set_speed_cap"
    UPDATE_FENCES = "update_fences"
    PRESERVE_RECORDING = "preserve_recording"
    POWER_DOWN = "power_down"
    SALE_CODES = "sale_codes"


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape of every body."""


class Verifier(_Body, frozen=True):
    """What lets a vehicle check a pickup code with no network.

    ``digest`` is the lower-case hex of HMAC-SHA256(keypad key, "{order_id}:{generation}:{code}"),
    with the id of the sale where a sale is collected.
    """

    generation: int
    digest: str
    expires_at: datetime | msgspec.UnsetType = msgspec.UNSET
    """City time from which the code opens nothing; left out for one that lives as long as the order."""


class StopOrder(_Body, frozen=True):
    """An order that is loaded, handed over or brought back at a stop."""

    order_id: str
    compartment: int
    verifiers: tuple[Verifier, ...] = ()


class SpeedLimit(_Body, frozen=True):
    """The limit over a stretch of a leg, measured in metres along its polyline."""

    from_m: float
    to_m: float
    speed_mps: float


class SweepSpan(_Body, frozen=True):
    """A stretch of a leg that is driven with the brush down, in metres along its polyline."""

    from_m: float
    to_m: float


StopKind = Literal["load", "handover", "return", "charge", "visit", "inspect", "sweep", "water", "dump"]
"""``inspect`` is a visit at the end of which the vehicle reports ``evidence_captured``."""


class StopPlan(_Body, frozen=True):
    """A stop and the leg to it, from the previous stop or from where the vehicle stands."""

    stop_id: str
    seq: int
    kind: StopKind
    lat: Lat
    lng: Lng
    polyline6: str
    """Encoded polyline with six decimals, (lat, lng) order; empty when the vehicle is already there."""
    length_m: float
    expected_s: float
    limits: tuple[SpeedLimit, ...] = ()
    wait_s: float = 0.0
    orders: tuple[StopOrder, ...] = ()
    sweeps: tuple[SweepSpan, ...] | msgspec.UnsetType = msgspec.UNSET
    """Left out but for a stop of kind ``sweep``: elsewhere the brush is up."""


class AssignTask(_Body, frozen=True):
    """Do these stops in this order; replaces the task that the vehicle holds if the epoch is higher."""

    task_id: str
    epoch: int
    kind: str
    service: str
    stops: tuple[StopPlan, ...]


class Pause(_Body, frozen=True):
    """Stop at the next legal place and wait; the task stays."""

    task_id: str | None = None


class Resume(_Body, frozen=True):
    """Go on with the task from its next stop."""

    task_id: str | None = None


class SafeStop(_Body, frozen=True):
    """Pull over outside every keep-clear area and stay until released."""

    within_s: float = 30.0


class EmergencyStop(_Body, frozen=True):
    """Brake now and stay until released."""


class Release(_Body, frozen=True):
    """Lift every stop whose stop epoch is not above this command's."""


class OrderCodes(_Body, frozen=True):
    """The verifiers of every code that is good for an order now."""

    order_id: str
    verifiers: tuple[Verifier, ...] = ()


class Reroute(_Body, frozen=True):
    """Reach the remaining stops of the same task along new legs, the first from where the vehicle stands.

    Without ``stops`` the way stays as it is. ``dropped`` are orders that are not wanted any more: one that
    is not on board is forgotten, and a stop that is for nobody else is passed. ``codes`` take the place of
    those that the vehicle had for these orders.

    With ``plan_version`` the stops are a plan amended by orders that join: they take the place of the stop
    that the vehicle drives to or stands at, which must be the first of them and keeps its leg, and of all
    behind it. A version that is not above the one held is superseded.
    """

    task_id: str
    epoch: int
    stops: tuple[StopPlan, ...] = ()
    dropped: tuple[str, ...] = ()
    codes: tuple[OrderCodes, ...] | msgspec.UnsetType = msgspec.UNSET
    plan_version: int | msgspec.UnsetType = msgspec.UNSET
    """Left out but for an amended plan."""


class ReturnToDepot(_Body, frozen=True):
    """Drive home. This is no task: any ``assign_task`` ends it."""

    lat: Lat
    lng: Lng
    polyline6: str
    length_m: float
    expected_s: float
    limits: tuple[SpeedLimit, ...] = ()


class OpenCompartment(_Body, frozen=True):
    """Open one compartment for the holder of an order, or for the buyer of ``quantity`` pieces of a slot."""

    compartment: int
    order_id: str | None = None
    sale_id: str | msgspec.UnsetType = msgspec.UNSET
    """Left out but for a vending sale; the vehicle answers with ``goods_taken`` once the door is shut."""
    quantity: int | msgspec.UnsetType = msgspec.UNSET


class SaleCodes(_Body, frozen=True):
    """Let who types one of these codes take ``quantity`` pieces out of a slot, once, while it stands.

    They take the place of those that the vehicle had for the sale; none: the sale is forgotten. Each has an
    end, and all are forgotten when the vehicle drives on.
    """

    sale_id: str
    compartment: int
    quantity: int
    verifiers: tuple[Verifier, ...] = ()


class Speak(_Body, frozen=True):
    """Say a sentence over the loudspeaker."""

    text_zh: str
    text_en: str = ""


class LightsHorn(_Body, frozen=True):
    """Show lights and sound the horn for a while; ``lights`` are the bits of the status section."""

    lights: int = 0
    horn_s: float = 0.0
    duration_s: float = 5.0


class Preheat(_Body, frozen=True):
    """Warm the battery before it is charged."""

    target_c: float
    within_s: float = 1800.0


class SetSpeedCap(_Body, frozen=True):
    """Never drive faster than this; null lifts the cap."""

    speed_mps: float | None = None


class WireFence(_Body, frozen=True):
    """A fence as a vehicle holds it: rings are (lng, lat) pairs, the first outer, the rest holes."""

    fence_id: str
    version: int
    kind: str
    rings: tuple[tuple[tuple[float, float], ...], ...]
    speed_limit_mps: float | None = None
    no_entry: bool = False
    no_stopping: bool = False
    hours: WireHours | msgspec.UnsetType = msgspec.UNSET
    """When the rules hold; left out, as in every set of format 1: always."""


class UpdateFences(_Body, frozen=True):
    """Hold this fence set instead of the one before; the version comes back in the status section."""

    fence_set_version: int
    fences: tuple[WireFence, ...]
    signature: str = ""
    """Hex of Ed25519 over ``fence_sets.signed_text``; a vehicle that was given the key takes no other."""


class PreserveRecording(_Body, frozen=True):
    """Keep the recordings of a window (city milliseconds) until an agency lets them go."""

    incident_id: str
    from_ms: int
    to_ms: int


class PowerDown(_Body, frozen=True):
    """Switch off what drives and what is live once the vehicle stands; the link and the recordings stay."""


CommandBody = (
    AssignTask
    | Pause
    | Resume
    | SafeStop
    | EmergencyStop
    | Release
    | Reroute
    | ReturnToDepot
    | OpenCompartment
    | Speak
    | LightsHorn
    | Preheat
    | SetSpeedCap
    | UpdateFences
    | PreserveRecording
    | PowerDown
    | SaleCodes
)
COMMAND_BODIES: Final[dict[CommandKind, type[CommandBody]]] = {
    CommandKind.ASSIGN_TASK: AssignTask,
    CommandKind.PAUSE: Pause,
    CommandKind.RESUME: Resume,
    CommandKind.SAFE_STOP: SafeStop,
    CommandKind.EMERGENCY_STOP: EmergencyStop,
    CommandKind.RELEASE: Release,
    CommandKind.REROUTE: Reroute,
    CommandKind.RETURN_TO_DEPOT: ReturnToDepot,
    CommandKind.OPEN_COMPARTMENT: OpenCompartment,
    CommandKind.SPEAK: Speak,
    CommandKind.LIGHTS_HORN: LightsHorn,
    CommandKind.PREHEAT: Preheat,
    CommandKind.SET_SPEED_CAP: SetSpeedCap,
    CommandKind.UPDATE_FENCES: UpdateFences,
    CommandKind.PRESERVE_RECORDING: PreserveRecording,
    CommandKind.POWER_DOWN: PowerDown,
    CommandKind.SALE_CODES: SaleCodes,
}
STOP_KINDS: Final = frozenset({CommandKind.SAFE_STOP, CommandKind.EMERGENCY_STOP})
"""Kinds that do not expire by time: they hold until a release with the same or a higher stop epoch."""


def read_command_body(kind: CommandKind, body: bytes | msgspec.Raw) -> CommandBody:
    """Return the typed body of a command. Raises msgspec.ValidationError naming the path that is wrong."""
    return msgspec.json.decode(body, type=COMMAND_BODIES[kind])
