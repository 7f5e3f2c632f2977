"""Identifiers as types, so that one id can never be passed where another is meant."""

from typing import NewType

import uuid_utils

VehicleNo = NewType("VehicleNo", int)
"""u32 that belongs to the physical vehicle; never reused, survives a new code."""
VehicleCode = NewType("VehicleCode", str)
"""The printed code, such as ``EDS-KB-V-0001-8``."""
FenceId = NewType("FenceId", str)
FenceVersion = NewType("FenceVersion", int)
OrderId = NewType("OrderId", str)
TaskId = NewType("TaskId", str)
StopId = NewType("StopId", str)
CommandId = NewType("CommandId", str)
AlarmId = NewType("AlarmId", str)
ViolationId = NewType("ViolationId", str)
IncidentId = NewType("IncidentId", str)
WorkOrderId = NewType("WorkOrderId", str)
TakeoverId = NewType("TakeoverId", str)
FeedbackId = NewType("FeedbackId", str)
DecisionId = NewType("DecisionId", str)
StaffId = NewType("StaffId", str)
ResidentId = NewType("ResidentId", str)
MakerId = NewType("MakerId", str)
DeviceId = NewType("DeviceId", str)
OperatorId = NewType("OperatorId", str)
AgencyCode = NewType("AgencyCode", str)
MerchantId = NewType("MerchantId", str)
GoodsId = NewType("GoodsId", str)
PickupPointId = NewType("PickupPointId", str)
ParkId = NewType("ParkId", str)
DepotId = NewType("DepotId", str)
ChargerId = NewType("ChargerId", str)
NoticeId = NewType("NoticeId", str)
WaybillId = NewType("WaybillId", str)
DelegationId = NewType("DelegationId", str)
AccountId = NewType("AccountId", str)
"""``kind:owner`` of a ledger account, such as ``merchant:m-1``."""
ScheduleId = NewType("ScheduleId", str)
OccurrenceId = NewType("OccurrenceId", str)
SweepingZoneId = NewType("SweepingZoneId", str)
SweepingRunId = NewType("SweepingRunId", str)
CallId = NewType("CallId", str)
DistrictCode = NewType("DistrictCode", str)
"""Two letters of a 旗区, such as ``KB``."""


def new_id() -> str:
    """Return a fresh UUIDv7 (RFC 9562) as text, so that ids sort by the time they were made."""
    return str(uuid_utils.uuid7())
