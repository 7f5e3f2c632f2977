"""The lifecycle of a vehicle: registered → permitted → in_service ⇄ suspended → decommissioned."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.vehicles.kinds import Lifecycle


class LifecycleEvent(StrEnum):
    """What moves a lifecycle: people, and papers running out."""

    PERMIT_GRANTED = "permit_granted"
    PUT_IN_SERVICE = "put_in_service"
    SUSPENDED = "vehicle_suspended"
    RESUMED = "vehicle_resumed"
    PERMIT_LAPSED = "permit_lapsed"
    INSURANCE_LAPSED = "insurance_lapsed"
    DECOMMISSIONED = "vehicle_decommissioned"


LIFECYCLE_TRANSITIONS: Final[Mapping[tuple[Lifecycle, LifecycleEvent], Lifecycle]] = {
    (Lifecycle.REGISTERED, LifecycleEvent.PERMIT_GRANTED): Lifecycle.PERMITTED,
    (Lifecycle.REGISTERED, LifecycleEvent.DECOMMISSIONED): Lifecycle.DECOMMISSIONED,
    (Lifecycle.PERMITTED, LifecycleEvent.PUT_IN_SERVICE): Lifecycle.IN_SERVICE,
    (Lifecycle.PERMITTED, LifecycleEvent.PERMIT_LAPSED): Lifecycle.REGISTERED,
    (Lifecycle.PERMITTED, LifecycleEvent.DECOMMISSIONED): Lifecycle.DECOMMISSIONED,
    (Lifecycle.IN_SERVICE, LifecycleEvent.SUSPENDED): Lifecycle.SUSPENDED,
    (Lifecycle.IN_SERVICE, LifecycleEvent.PERMIT_LAPSED): Lifecycle.SUSPENDED,
    (Lifecycle.IN_SERVICE, LifecycleEvent.INSURANCE_LAPSED): Lifecycle.SUSPENDED,
    (Lifecycle.SUSPENDED, LifecycleEvent.RESUMED): Lifecycle.IN_SERVICE,
    (Lifecycle.SUSPENDED, LifecycleEvent.DECOMMISSIONED): Lifecycle.DECOMMISSIONED,
}
LIFECYCLE_TERMINAL: Final = frozenset({Lifecycle.DECOMMISSIONED})
