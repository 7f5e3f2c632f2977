"""JSON messages of the vehicle link: a tagged union for each direction, the tag in ``type``.

Fields unknown to the reader are ignored in both directions, because the two ends are updated apart. The
bodies inside ``report`` and ``command`` are left raw here and typed by ``reports`` and ``commands``.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fleet.links.wire.commands import CommandKind, Lat, Lng
from fleet.links.wire.reports import ReportKind

U32 = Annotated[int, Meta(ge=0, le=4_294_967_295)]
VehicleNumber = Annotated[int, Meta(ge=1, le=4_294_967_295)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
MAX_REPORT_BODY_BYTES = 16_384
MAX_JSON_POSITIONS = 200
"""JSON is for low volume: a frame of 200 positions in JSON is already 30 kB."""
EMPTY_BODY = msgspec.Raw(b"{}")


class _Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """Common shape of every message."""


class Hello(_Message, frozen=True, tag="hello"):
    """First message of a link. ``vehicles`` null means every vehicle of the credential."""

    protocol: int
    vehicles: Annotated[tuple[VehicleNumber, ...], Meta(max_length=100_000)] | None = None
    last_durable_seq: Annotated[int, Meta(ge=0)] = 0
    software: Annotated[str, Meta(max_length=120)] = ""


class Report(_Message, frozen=True, tag="report"):
    """A fact from one vehicle; ``report_seq`` counts up by one for each vehicle and is never used twice."""

    vehicle_no: VehicleNumber
    report_seq: Annotated[int, Meta(ge=1, le=9_007_199_254_740_991)]
    kind: ReportKind
    measured_at_ms: int
    task_id: Annotated[str, Meta(max_length=64)] | None = None
    epoch: int | None = None
    body: msgspec.Raw = EMPTY_BODY


class JsonPosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One position in JSON, for senders of low volume; the same meaning as the 24-byte record."""

    vehicle_no: VehicleNumber
    seq: U32
    lat: Lat
    lng: Lng
    measured_at_ms: int
    speed_mps: Annotated[float, Meta(ge=0, le=655)] = 0.0
    heading_deg: Annotated[float, Meta(ge=0, le=360)] = 0.0
    battery_ratio: Ratio | None = None
    control_mode: Literal[
        "autonomous", "remote_assist", "remote_drive", "on_site_manual", "minimal_risk", "off"
    ] = "autonomous"
    is_charging: bool = False
    is_hibernating: bool = False
    stop_held: bool = False
    has_fault: bool = False
    has_fix: bool = True
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None


class Positions(_Message, frozen=True, tag="positions"):
    """A frame in JSON: the same rules as a binary frame."""

    frame_seq: Annotated[int, Meta(ge=1)]
    positions: Annotated[tuple[JsonPosition, ...], Meta(max_length=MAX_JSON_POSITIONS)]


class LinkLoss(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a vehicle does when it hears nothing from the city: slow down, then stop safely (city seconds)."""

    version: int
    slow_after_s: float
    stop_after_s: float


class Welcome(_Message, frozen=True, tag="welcome"):
    """Answer to hello. City time now and its rate (city seconds a wall second), and the link profile."""

    protocol: int
    session: str
    city_time_ms: int
    rate: float
    report_interval_s: float
    partitions: int
    max_frame_bytes: int
    link_loss: LinkLoss


class Accepted(_Message, frozen=True, tag="accepted"):
    """Every frame up to ``frame_seq`` is in the stream; ``count`` positions since the last such message.

    Survives the death of any process, not a loss of power: keep the frames until ``durable``.
    """

    frame_seq: int
    count: int


class Durable(_Message, frozen=True, tag="durable"):
    """Every frame up to ``frame_seq`` lies on disk: the sender may forget them."""

    frame_seq: int


class ReportStored(_Message, frozen=True, tag="reportStored"):
    """The report is committed; ``duplicate`` means that it had been before."""

    vehicle_no: int
    report_seq: int
    outcome: Literal["stored", "duplicate"]


class Command(_Message, frozen=True, tag="command"):
    """An order to one vehicle, not obeyed after ``expires_at_ms`` (city time); stops, releases have none."""

    command_id: str
    vehicle_no: VehicleNumber
    kind: CommandKind
    issued_at_ms: int
    expires_at_ms: int | None = None
    epoch: int = 0
    stop_epoch: int = 0
    body: msgspec.Raw = EMPTY_BODY


class Error(_Message, frozen=True, tag="error"):
    """Something that was sent is refused; ``count`` records or messages share this reason."""

    code: str
    detail: str
    field: str = ""
    frame_seq: int | None = None
    vehicle_no: int | None = None
    count: int = 1


FromVehicle = Hello | Report | Positions
ToVehicle = Welcome | Accepted | Durable | ReportStored | Command | Error

_encoder = msgspec.json.Encoder()
_from_vehicle: msgspec.json.Decoder[FromVehicle] = msgspec.json.Decoder(FromVehicle)
_to_vehicle: msgspec.json.Decoder[ToVehicle] = msgspec.json.Decoder(ToVehicle)


def encode_message(message: FromVehicle | ToVehicle) -> bytes:
    """Return the JSON text of a message as UTF-8."""
    return _encoder.encode(message)


def decode_from_vehicle(text: bytes | str) -> FromVehicle:
    """Return what a vehicle said. Raises msgspec.DecodeError (not JSON) or ValidationError (with path)."""
    return _from_vehicle.decode(text)


def decode_to_vehicle(text: bytes | str) -> ToVehicle:
    """Return what the city said. Raises as ``decode_from_vehicle``."""
    return _to_vehicle.decode(text)


def body_of(value: msgspec.Struct) -> msgspec.Raw:
    """Return a command's or report's body ready to be put into a message."""
    return msgspec.Raw(_encoder.encode(value))
