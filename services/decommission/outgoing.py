"""What it means to take a vehicle out of the fleet: what it touches, and what it still waits for. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.ids import VehicleNo
from fleet.vehicles.kinds import Lifecycle
from services.tasks.states import TaskKind


class Rest(StrEnum):
    """What becomes of work that the vehicle has and has not loaded; no new work reaches it either way."""

    REASSIGN = "reassign"
    """Orders and calls go to other vehicles."""
    CANCEL = "cancel"
    """Orders are cancelled and calls declined; runs and beats of a schedule follow its own rule."""


class WaitsFor(StrEnum):
    """What keeps a vehicle that is being taken out from its end."""

    GOODS = "goods"
    """Goods are in it: the crew's rescue says what became of them."""
    TASK = "task"
    """A task has not ended yet."""
    WORK = "work"
    """A crew has to bring it in."""


REST_NAMES: Mapping[Rest, tuple[str, str]] = MappingProxyType(
    {
        Rest.REASSIGN: ("改派给其他车辆", "give it to other vehicles"),
        Rest.CANCEL: ("全部取消", "cancel it"),
    }
)
WAITS_NAMES: Mapping[WaitsFor, tuple[str, str]] = MappingProxyType(
    {
        WaitsFor.GOODS: ("车内有货，等待救援", "goods in it wait for a rescue"),
        WaitsFor.TASK: ("任务尚未结束", "its task has not ended"),
        WaitsFor.WORK: ("等待运维拖回", "a crew has to bring it in"),
    }
)


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What taking the vehicle out now would touch."""

    task_kind: TaskKind | None = None
    orders_to_load: int = 0
    orders_aboard: int = 0
    open_calls: int = 0
    is_on_the_road: bool = False
    """It has a task that is not charging: it is stopped where it may stand, and a crew fetches it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided about a vehicle; ``done_at`` is None until its life has ended."""

    vehicle_no: VehicleNo
    rest: Rest
    reason: str
    by_name: str
    asked_at: datetime
    done_at: datetime | None = None


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle on its way out, or what its way out would be."""

    vehicle_no: VehicleNo
    lifecycle: Lifecycle
    touched: Touched = Touched()
    waits_for: tuple[WaitsFor, ...] = ()
    asked: Asked | None = None
