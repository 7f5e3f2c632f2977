"""The Chinese and English name of every state and kind of a vehicle itself: what it is, where it stands, what
keeps it from work.

Chinese terms: standards.md 9 and the plan; where the 2026 regulation differs, screens use the plan's.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from core.kinds import ServiceKind
from fleet.readiness.check import CheckItem, ReadinessState
from fleet.vehicles.codes import CodeStatus
from fleet.vehicles.dispatchable import ReasonCode
from fleet.vehicles.kinds import Condition, Connection, ControlMode, Duty, Lifecycle, SilenceReason
from fleet.vehicles.mds import MdsState
from fleet.vehicles.papers import PermitStage, RoadClass


class Name(msgspec.Struct, frozen=True):
    """What a person reads for a state or kind."""

    zh: str
    en: str


VEHICLE_NAMES: Final[Mapping[type[StrEnum], Mapping[StrEnum, Name]]] = {
    ServiceKind: {
        ServiceKind.VENDING: Name("无人售卖", "Vending"),
        ServiceKind.DELIVERY: Name("无人配送", "Delivery"),
        ServiceKind.SWEEPING: Name("无人清扫", "Sweeping"),
        ServiceKind.PATROL: Name("无人巡逻", "Patrol"),
        ServiceKind.TRANSPORT: Name("无人运输", "Transport"),
        ServiceKind.SHUTTLE: Name("无人接驳", "Shuttle"),
    },
    Lifecycle: {
        Lifecycle.REGISTERED: Name("已登记", "Registered"),
        Lifecycle.PERMITTED: Name("已许可", "Permitted"),
        Lifecycle.IN_SERVICE: Name("投运", "In service"),
        Lifecycle.SUSPENDED: Name("暂停运行", "Suspended"),
        Lifecycle.DECOMMISSIONED: Name("退役", "Decommissioned"),
    },
    Connection: {
        Connection.ONLINE: Name("在线", "Online"),
        Connection.STALE: Name("信号延迟", "Stale"),
        Connection.OFFLINE: Name("离线", "Offline"),
        Connection.HIBERNATING: Name("休眠", "Hibernating"),
    },
    SilenceReason: {
        SilenceReason.NONE: Name("有信号", "Heard"),
        SilenceReason.NEVER_HEARD: Name("从未上报", "Never heard"),
        SilenceReason.SILENT: Name("车辆无信号", "The vehicle is silent"),
        SilenceReason.HIBERNATING: Name("已通知休眠", "Announced its sleep"),
        SilenceReason.RADIO_HOLE: Name("位于已知信号盲区", "In a known radio hole"),
        SilenceReason.MAKER_DOWN: Name("厂商链路中断", "Its maker's link is down"),
        SilenceReason.AREA_DOWN: Name("所在区域通信中断", "Its area has no radio"),
        SilenceReason.NOT_JUDGED: Name("平台暂未接收", "The city is not listening"),
    },
    ControlMode: {
        ControlMode.AUTONOMOUS: Name("自动驾驶", "Autonomous"),
        ControlMode.REMOTE_ASSIST: Name("远程协助", "Remote assistance"),
        ControlMode.REMOTE_DRIVE: Name("远程驾驶", "Remote driving"),
        ControlMode.ON_SITE_MANUAL: Name("现场人工", "Manual on site"),
        ControlMode.MINIMAL_RISK: Name("最小风险状态", "Minimal risk"),
        ControlMode.OFF: Name("未激活", "Off"),
    },
    Duty: {
        Duty.IDLE: Name("空闲", "Idle"),
        Duty.TO_STOP: Name("前往站点", "To a stop"),
        Duty.AT_STOP: Name("停靠站点", "At a stop"),
        Duty.WORKING: Name("作业中", "Working"),
        Duty.RETURNING: Name("返程", "Returning"),
        Duty.TO_CHARGER: Name("前往充电", "To a charger"),
        Duty.CHARGING: Name("充电中", "Charging"),
        Duty.FAULT: Name("故障", "Fault"),
    },
    Condition: {
        Condition.OFFLINE: Name("离线", "Offline"),
        Condition.IDLE: Name("空闲", "Idle"),
        Condition.DRIVING: Name("行驶", "Driving"),
        Condition.CHARGING: Name("充电", "Charging"),
        Condition.ALARM: Name("告警", "Alarm"),
    },
    MdsState: {
        MdsState.REMOVED: Name("移出", "Removed"),
        MdsState.AVAILABLE: Name("可用", "Available"),
        MdsState.NON_OPERATIONAL: Name("停运", "Non-operational"),
        MdsState.RESERVED: Name("已预约", "Reserved"),
        MdsState.ON_TRIP: Name("执行中", "On trip"),
        MdsState.STOPPED: Name("停靠", "Stopped"),
        MdsState.NON_CONTACTABLE: Name("失联", "Non-contactable"),
        MdsState.MISSING: Name("下落不明", "Missing"),
        MdsState.ELSEWHERE: Name("越界（辖区外）", "Elsewhere"),
    },
    CodeStatus: {
        CodeStatus.DRAFT: Name("草拟", "Draft"),
        CodeStatus.APPLIED: Name("申请", "Applied"),
        CodeStatus.ISSUED: Name("已发", "Issued"),
        CodeStatus.SUSPENDED: Name("暂停", "Suspended"),
        CodeStatus.REVOKED: Name("注销", "Revoked"),
        CodeStatus.EXPIRED: Name("过期", "Expired"),
    },
    PermitStage: {
        PermitStage.ROAD_TEST: Name("道路测试", "Road test"),
        PermitStage.DEMONSTRATION: Name("示范应用", "Demonstration"),
        PermitStage.COMMERCIAL_PILOT: Name("商业化试点", "Commercial pilot"),
    },
    RoadClass: {
        RoadClass.MOTOR: Name("机动车道", "Motor lane"),
        RoadClass.NON_MOTOR: Name("非机动车道", "Non-motor lane"),
        RoadClass.PARK: Name("园区道路", "Park road"),
    },
    ReasonCode: {
        ReasonCode.NOT_IN_SERVICE: Name("车辆未投运", "Not in service"),
        ReasonCode.NO_VALID_CODE: Name("没有有效的车辆编码", "No valid vehicle code"),
        ReasonCode.NO_PERMIT: Name("没有许可", "No permit"),
        ReasonCode.PERMIT_EXPIRED: Name("许可已过期", "Permit expired"),
        ReasonCode.PERMIT_SERVICE: Name("许可不含此项服务", "Permit does not cover the service"),
        ReasonCode.PERMIT_AREA: Name("许可不含此区域", "Permit does not cover the area"),
        ReasonCode.PERMIT_TIME: Name("不在许可时段内", "Outside the hours of the permit"),
        ReasonCode.PERMIT_WEATHER: Name("天气超出许可条件", "Weather beyond the limits of the permit"),
        ReasonCode.WEATHER_LIMIT: Name("天气超出本服务限值", "Weather beyond the limits of the service"),
        ReasonCode.WEATHER_RECALL: Name("天气召回中", "Recalled because of the weather"),
        ReasonCode.NO_INSURANCE: Name("没有保险", "No insurance"),
        ReasonCode.INSURANCE_EXPIRED: Name("保险已过期", "Insurance expired"),
        ReasonCode.INSURANCE_TOO_LOW: Name("保险额度不足", "Insured amount too low"),
        ReasonCode.MODEL_NOT_PERMITTED: Name(
            "型号或软件版本与许可不符", "Model or software differs from the permit"
        ),
        ReasonCode.NOT_ONLINE: Name("车辆不在线", "Not online"),
        ReasonCode.NOT_AUTONOMOUS: Name("不在自动驾驶模式", "Not in autonomous mode"),
        ReasonCode.BATTERY_TOO_LOW: Name("电量不足", "Battery too low"),
        ReasonCode.FENCES_OUT_OF_DATE: Name("围栏版本过旧", "Fence set out of date"),
        ReasonCode.LINK_LOSS_POLICY: Name("未确认断连策略", "Link-loss policy not acknowledged"),
        ReasonCode.SAFETY_WORK_ORDER: Name("有未完成的安全工单", "Open safety work order"),
        ReasonCode.INSPECTION_OVERDUE: Name("定期检查已逾期", "Inspection overdue"),
        ReasonCode.NOT_CHECKED_TODAY: Name("今日出车前检查未通过", "Today's check not passed"),
        ReasonCode.NO_OPERATOR_FREE: Name("没有空余的远程安全员", "No remote safety operator has room"),
        ReasonCode.HELD_BY_STOP: Name("停车指令尚未解除", "Held by a stop command"),
        ReasonCode.SCENE_HOLD: Name("事故现场保护", "Held at the scene"),
        ReasonCode.FAULT: Name("车辆故障", "Fault"),
    },
    ReadinessState: {
        ReadinessState.MISSING: Name("今日未检查", "Not checked today"),
        ReadinessState.FAILED: Name("检查未通过", "Not passed"),
        ReadinessState.PASSED: Name("检查通过", "Passed"),
    },
    CheckItem: {
        CheckItem.BATTERY: Name("电量", "Battery"),
        CheckItem.CONNECTION: Name("通信连接", "Connection"),
        CheckItem.PAPERS: Name("编码、许可与保险", "Code, permit, insurance"),
        CheckItem.INSPECTION: Name("定期检查期限", "Inspection date"),
        CheckItem.ALARMS: Name("未消除的车辆告警", "Standing alarms of the vehicle"),
        CheckItem.SOFTWARE: Name("型号与软件版本", "Model and software"),
        CheckItem.TYRES: Name("轮胎", "Tyres"),
        CheckItem.SENSORS: Name("传感器清洁", "Sensors clean"),
        CheckItem.LIGHTS: Name("灯光与喇叭", "Lights and horn"),
        CheckItem.DOORS: Name("货格与门锁", "Doors and locks"),
        CheckItem.BRUSH: Name("扫刷", "Brush"),
        CheckItem.WATER: Name("水箱", "Water tank"),
        CheckItem.COLD_BOX: Name("冷藏箱", "Cold box"),
    },
}
