"""The duty of a vehicle: what the progress of its task makes it do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.vehicles.kinds import Duty


class DutyEvent(StrEnum):
    """What moves a duty."""

    SENT_TO_STOP = "sent_to_stop"
    STOP_REACHED = "stop_reached"
    WORK_STARTED = "work_started"
    WORK_ENDED = "work_ended"
    RETURN_STARTED = "return_started"
    SENT_TO_CHARGER = "sent_to_charger"
    CHARGING_STARTED = "charging_started"
    CHARGING_ENDED = "charging_ended"
    TASK_ENDED = "task_ended"
    FAULTED = "faulted"
    FAULT_CLEARED = "fault_cleared"


DUTY_TRANSITIONS: Final[Mapping[tuple[Duty, DutyEvent], Duty]] = {
    (Duty.IDLE, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.IDLE, DutyEvent.WORK_STARTED): Duty.WORKING,
    (Duty.IDLE, DutyEvent.RETURN_STARTED): Duty.RETURNING,
    (Duty.IDLE, DutyEvent.SENT_TO_CHARGER): Duty.TO_CHARGER,
    (Duty.IDLE, DutyEvent.CHARGING_STARTED): Duty.CHARGING,
    (Duty.IDLE, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.TO_STOP, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.TO_STOP, DutyEvent.STOP_REACHED): Duty.AT_STOP,
    (Duty.TO_STOP, DutyEvent.WORK_STARTED): Duty.WORKING,
    (Duty.TO_STOP, DutyEvent.RETURN_STARTED): Duty.RETURNING,
    (Duty.TO_STOP, DutyEvent.SENT_TO_CHARGER): Duty.TO_CHARGER,
    (Duty.TO_STOP, DutyEvent.TASK_ENDED): Duty.IDLE,
    (Duty.TO_STOP, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.AT_STOP, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.AT_STOP, DutyEvent.WORK_STARTED): Duty.WORKING,
    (Duty.AT_STOP, DutyEvent.RETURN_STARTED): Duty.RETURNING,
    (Duty.AT_STOP, DutyEvent.SENT_TO_CHARGER): Duty.TO_CHARGER,
    (Duty.AT_STOP, DutyEvent.CHARGING_STARTED): Duty.CHARGING,
    (Duty.AT_STOP, DutyEvent.TASK_ENDED): Duty.IDLE,
    (Duty.AT_STOP, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.WORKING, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.WORKING, DutyEvent.WORK_ENDED): Duty.AT_STOP,
    (Duty.WORKING, DutyEvent.RETURN_STARTED): Duty.RETURNING,
    (Duty.WORKING, DutyEvent.SENT_TO_CHARGER): Duty.TO_CHARGER,
    (Duty.WORKING, DutyEvent.TASK_ENDED): Duty.IDLE,
    (Duty.WORKING, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.RETURNING, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.RETURNING, DutyEvent.STOP_REACHED): Duty.AT_STOP,
    (Duty.RETURNING, DutyEvent.SENT_TO_CHARGER): Duty.TO_CHARGER,
    (Duty.RETURNING, DutyEvent.CHARGING_STARTED): Duty.CHARGING,
    (Duty.RETURNING, DutyEvent.TASK_ENDED): Duty.IDLE,
    (Duty.RETURNING, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.TO_CHARGER, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.TO_CHARGER, DutyEvent.RETURN_STARTED): Duty.RETURNING,
    (Duty.TO_CHARGER, DutyEvent.CHARGING_STARTED): Duty.CHARGING,
    (Duty.TO_CHARGER, DutyEvent.TASK_ENDED): Duty.IDLE,
    (Duty.TO_CHARGER, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.CHARGING, DutyEvent.SENT_TO_STOP): Duty.TO_STOP,
    (Duty.CHARGING, DutyEvent.CHARGING_ENDED): Duty.IDLE,
    (Duty.CHARGING, DutyEvent.FAULTED): Duty.FAULT,
    (Duty.FAULT, DutyEvent.TASK_ENDED): Duty.FAULT,
    (Duty.FAULT, DutyEvent.FAULT_CLEARED): Duty.IDLE,
}
"""A fault outlives its task: only FAULT_CLEARED ends it. A duty has no terminal state:
decommissioning ends the vehicle, not its duty."""
