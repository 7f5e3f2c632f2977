"""The Chinese and English name of every state and kind in the fleet, in one table.

Chinese terms: standards.md 9 and the plan; where the 2026 regulation differs, screens use the plan's.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.alarms.advice import AlarmAnswer
from fleet.alarms.kinds import AlarmKind, AlarmLevel, AlarmState, Severity
from fleet.area_stops.states import AreaOutcome, AreaStopState
from fleet.commands.kinds import CommandState
from fleet.commands.possible import Hindrance
from fleet.feedback.kinds import FeedbackKind, FeedbackState
from fleet.incidents.kinds import IncidentSeverity, IncidentState, IncidentType, Responsibility
from fleet.links.wire.commands import CommandKind
from fleet.people.duty import ShiftState
from fleet.takeovers.kinds import TakeoverMode, TakeoverState
from fleet.vehicle_names import VEHICLE_NAMES, Name
from fleet.violations.kinds import ViolationKind, ViolationState
from fleet.weather.conditions import Precipitation, Quantity, RoadCondition
from fleet.weather.fact import FactKind
from fleet.weather.recall import Deed, RecallState
from fleet.webhooks.webhook import DeliveryStatus
from fleet.work_orders.kinds import WorkKind, WorkState

NAMES: Final[Mapping[type[StrEnum], Mapping[StrEnum, Name]]] = {
    **VEHICLE_NAMES,
    Precipitation: {
        Precipitation.NONE: Name("无降水", "None"),
        Precipitation.RAIN: Name("雨", "Rain"),
        Precipitation.FREEZING_RAIN: Name("冻雨", "Freezing rain"),
        Precipitation.SLEET: Name("雨夹雪", "Sleet"),
        Precipitation.SNOW: Name("雪", "Snow"),
        Precipitation.HAIL: Name("冰雹", "Hail"),
    },
    RoadCondition: {
        RoadCondition.DRY: Name("干燥", "Dry"),
        RoadCondition.WET: Name("湿滑", "Wet"),
        RoadCondition.SNOW: Name("积雪", "Snow"),
        RoadCondition.ICE: Name("结冰", "Ice"),
    },
    Quantity: {
        Quantity.AIR: Name("气温", "Air temperature"),
        Quantity.WIND: Name("风速", "Wind"),
        Quantity.VISIBILITY: Name("能见度", "Visibility"),
        Quantity.SNOW: Name("积雪深度", "Snow depth"),
        Quantity.PRECIPITATION: Name("降水强度", "Precipitation"),
        Quantity.ROAD: Name("路面", "Road"),
    },
    FactKind: {
        FactKind.OBSERVED: Name("实况", "Observed"),
        FactKind.FORECAST: Name("预报", "Forecast"),
    },
    RecallState: {
        RecallState.ACTIVE: Name("召回中", "Recalling"),
        RecallState.CALMING: Name("天气转好，观察中", "Calming"),
        RecallState.RELEASED: Name("已解除", "Released"),
    },
    AreaStopState: {
        AreaStopState.STANDING: Name("停车中", "Standing"),
        AreaStopState.RELEASE_ASKED: Name("等待第二人解除", "Waiting for a second person"),
        AreaStopState.RELEASED: Name("已解除", "Released"),
    },
    AreaOutcome: {
        AreaOutcome.RELEASED: Name("已放行", "Released"),
        AreaOutcome.OVERTAKEN: Name("另有停车指令或已放行", "Held by a later stop or let go before"),
        AreaOutcome.SCENE_HOLD: Name("事故现场保护", "Held at a scene"),
    },
    Deed: {
        Deed.HOME: Name("返回场站", "On its way home"),
        Deed.FINISH: Name("先交付车上货物", "Handing over first"),
        Deed.STAY: Name("就地停靠，等待人员", "Stays, needs a person"),
        Deed.SHELTERED: Name("已入场", "Sheltered"),
    },
    CommandKind: {
        CommandKind.ASSIGN_TASK: Name("派发任务", "Assign task"),
        CommandKind.PAUSE: Name("暂停", "Pause"),
        CommandKind.RESUME: Name("继续", "Resume"),
        CommandKind.SAFE_STOP: Name("安全停车", "Safe stop"),
        CommandKind.EMERGENCY_STOP: Name("紧急停车", "Emergency stop"),
        CommandKind.RELEASE: Name("解除停车", "Release"),
        CommandKind.REROUTE: Name("重新规划路线", "Reroute"),
        CommandKind.RETURN_TO_DEPOT: Name("返回场站", "Return to depot"),
        CommandKind.OPEN_COMPARTMENT: Name("打开货舱", "Open compartment"),
        CommandKind.SPEAK: Name("喊话", "Speak"),
        CommandKind.LIGHTS_HORN: Name("灯光与喇叭", "Lights and horn"),
        CommandKind.PREHEAT: Name("电池预热", "Preheat battery"),
        CommandKind.SET_SPEED_CAP: Name("限制车速", "Set speed cap"),
        CommandKind.UPDATE_FENCES: Name("更新围栏", "Update fences"),
        CommandKind.PRESERVE_RECORDING: Name("保全录像", "Preserve recording"),
        CommandKind.POWER_DOWN: Name("断电", "Power down"),
        CommandKind.SALE_CODES: Name("下发取货码", "Codes of a sale"),
    },
    Hindrance: {
        Hindrance.LINK_DOWN: Name("车辆不在线", "The vehicle is out of reach"),
        Hindrance.HELD_BY_STOP: Name("停车指令尚未解除", "A stop holds the vehicle"),
        Hindrance.NOT_HELD: Name("没有需要解除的停车指令", "No stop holds the vehicle"),
        Hindrance.SCENE_HOLD: Name("事故现场保护", "Held at the scene"),
        Hindrance.DECOMMISSIONED: Name("车辆已退役", "The vehicle is retired"),
        Hindrance.MANUAL_ON_SITE: Name("现场人工控制中", "Driven by hand on site"),
        Hindrance.NO_TASK: Name("没有执行中的任务", "No task holds the vehicle"),
        Hindrance.PLATFORM_ONLY: Name("由平台自动下发", "Given by the platform only"),
        Hindrance.NOT_PLANNED_HERE: Name("未配置路线规划", "No planner for this command"),
    },
    CommandState: {
        CommandState.QUEUED: Name("排队", "Queued"),
        CommandState.SENT: Name("已下发", "Sent"),
        CommandState.ACKNOWLEDGED: Name("车辆已接收", "Acknowledged"),
        CommandState.SUCCEEDED: Name("完成", "Succeeded"),
        CommandState.FAILED: Name("失败", "Failed"),
        CommandState.EXPIRED: Name("过期未执行", "Expired"),
        CommandState.REJECTED: Name("车辆拒绝", "Rejected"),
    },
    AlarmKind: {
        AlarmKind.NO_GO_ENTRY: Name("驶入禁行区", "Entered a no-go area"),
        AlarmKind.LEFT_OPERATING_AREA: Name("驶出运营区域", "Left the operating area"),
        AlarmKind.STOPPED_IN_KEEP_CLEAR: Name("停在禁停区域", "Stopped where it must keep clear"),
        AlarmKind.OVERSPEED: Name("超速", "Overspeed"),
        AlarmKind.STUCK: Name("车辆受阻", "Stuck"),
        AlarmKind.OFFLINE_ON_DUTY: Name("执行任务时离线", "Offline on duty"),
        AlarmKind.MAKER_SILENT: Name("同一厂商多车失联", "Many vehicles of a maker are silent"),
        AlarmKind.AREA_SILENT: Name("同一区域多车失联", "Many vehicles in one area are silent"),
        AlarmKind.LOW_BATTERY: Name("电量低", "Low battery"),
        AlarmKind.BATTERY_TOO_COLD: Name("电池温度过低", "Battery too cold"),
        AlarmKind.BATTERY_THERMAL: Name("电池热失控", "Battery overheating"),
        AlarmKind.TANK_FROZEN: Name("水箱结冰", "Tank frozen"),
        AlarmKind.CARGO_TEMPERATURE: Name("货舱温度异常", "Cargo temperature out of range"),
        AlarmKind.COMPARTMENT_LEFT_OPEN: Name("货舱未关", "Compartment left open"),
        AlarmKind.DOOR_FORCED: Name("货舱被强行打开", "Door forced"),
        AlarmKind.SENSOR_BLOCKED: Name("传感器被遮挡", "Sensor blocked"),
        AlarmKind.WEATHER_LIMIT: Name("天气超限", "Weather limit reached"),
        AlarmKind.TIPPED_OVER: Name("侧翻", "Tipped over"),
        AlarmKind.COLLISION: Name("碰撞", "Collision"),
        AlarmKind.TAKEOVER_REQUESTED: Name("请求接管", "Takeover requested"),
        AlarmKind.TAKEOVER_UNANSWERED: Name("接管请求无人应答", "Takeover unanswered"),
        AlarmKind.PERMIT_EXPIRING: Name("许可即将到期", "Permit expiring"),
        AlarmKind.PERMIT_EXPIRED: Name("许可到期", "Permit expired"),
        AlarmKind.POSITIONING_LOST: Name("定位失效", "Positioning lost"),
        AlarmKind.DATA_QUALITY: Name("数据质量异常", "Poor data quality"),
        AlarmKind.VEHICLE_FAULT: Name("车辆故障", "Vehicle fault"),
        AlarmKind.EMERGENCY_STOP: Name("紧急停车", "Emergency stop"),
        AlarmKind.NOBODY_WATCHES: Name("无远程安全员值守", "No remote operator watches"),
        AlarmKind.SERVICE_REFUSED: Name("此处不允许该项服务", "Service not allowed here"),
        AlarmKind.FENCE_CROWDED: Name("区域车辆超员", "Too many vehicles in a fence"),
        AlarmKind.NEEDS_PERSON: Name("需要人工处理", "A person is needed"),
        AlarmKind.INCIDENT_OVERDUE: Name("事件办理逾期", "Incident past its deadline"),
        AlarmKind.BOOKS_UNBALANCED: Name("账目不平", "The books do not balance"),
        AlarmKind.PATROL_FINDING: Name("巡逻发现异常", "Found on patrol"),
        AlarmKind.PATROL_MISSED: Name("巡逻漏巡", "Checkpoints missed on patrol"),
        AlarmKind.CHARGE_STALLED: Name("充不进电", "Charge does not rise"),
        AlarmKind.STREET_BLOCKED: Name("市民反映挡路", "Said to block the way"),
        AlarmKind.STREET_HELP: Name("市民求助", "Help asked for on the street"),
    },
    FeedbackKind: {
        FeedbackKind.BLOCKS_WAY: Name("车辆挡路", "It blocks the way"),
        FeedbackKind.TOO_CLOSE: Name("离人太近", "It came too close"),
        FeedbackKind.NOISE: Name("噪声扰民", "It is too loud"),
        FeedbackKind.HELP: Name("现场需要帮助", "Help is needed here"),
        FeedbackKind.DAMAGE: Name("车辆或财物受损", "Something is damaged"),
        FeedbackKind.OTHER: Name("其他", "Something else"),
    },
    FeedbackState: {
        FeedbackState.RECEIVED: Name("已收到", "Received"),
        FeedbackState.LOOKING: Name("正在处理", "Somebody is looking"),
        FeedbackState.RESOLVED: Name("已解决", "Resolved"),
        FeedbackState.REJECTED: Name("未采纳", "Not confirmed"),
        FeedbackState.ANSWERED: Name("已答复", "Answered"),
    },
    AlarmAnswer: {
        AlarmAnswer.WATCHING: Name("继续观察", "Watching"),
        AlarmAnswer.HANDLING: Name("处理中", "Handling it"),
        AlarmAnswer.CREW_SENT: Name("已派现场", "Crew sent"),
        AlarmAnswer.STOPPED: Name("已停车", "Vehicle stopped"),
        AlarmAnswer.TAKEN_OVER: Name("已接管", "Taken over"),
        AlarmAnswer.RESCUE_CALLED: Name("已报警或呼救", "Police or rescue called"),
        AlarmAnswer.GOODS_OUT: Name("货物已取出", "Goods taken out"),
        AlarmAnswer.MAKER_TOLD: Name("已通知厂商", "Maker told"),
        AlarmAnswer.PLANNED: Name("计划内", "Planned"),
        AlarmAnswer.FALSE_ALARM: Name("误报", "False alarm"),
    },
    Severity: {
        Severity.INFO: Name("提示", "Info"),
        Severity.WARNING: Name("一般", "Warning"),
        Severity.MAJOR: Name("严重", "Major"),
        Severity.CRITICAL: Name("紧急", "Critical"),
    },
    AlarmLevel: {
        AlarmLevel.OWNER: Name("负责人", "Owner"),
        AlarmLevel.SHIFT_LEAD: Name("已上报值班长", "With the shift lead"),
        AlarmLevel.DUTY_OFFICER: Name("已上报市级值班员", "With the city duty officer"),
    },
    AlarmState: {
        AlarmState.OPEN: Name("未处理", "Open"),
        AlarmState.ACKNOWLEDGED: Name("已确认", "Acknowledged"),
        AlarmState.CLEARED: Name("已恢复待确认", "Cleared, unacknowledged"),
        AlarmState.CLOSED: Name("已关闭", "Closed"),
    },
    ViolationKind: {
        ViolationKind.NO_GO_ENTRY: Name("驶入禁行区", "Entered a no-go area"),
        ViolationKind.LEFT_OPERATING_AREA: Name("驶出运营区域", "Left the operating area"),
        ViolationKind.STOPPED_IN_KEEP_CLEAR: Name("停在禁停区域", "Stopped where it must keep clear"),
        ViolationKind.OVERSPEED: Name("超速", "Overspeed"),
        ViolationKind.SERVICE_REFUSED: Name("在不允许的区域作业", "Service not allowed there"),
    },
    ViolationState: {
        ViolationState.SUSPECTED: Name("涉嫌", "Suspected"),
        ViolationState.CONFIRMED: Name("已确认", "Confirmed"),
        ViolationState.DISMISSED: Name("不予认定", "Dismissed"),
        ViolationState.APPEALED: Name("申诉中", "Appealed"),
        ViolationState.UPHELD: Name("维持", "Upheld"),
        ViolationState.OVERTURNED: Name("撤销", "Overturned"),
        ViolationState.CLOSED: Name("结案", "Closed"),
    },
    IncidentType: {
        IncidentType.UNPLANNED_STOP: Name("异常停车", "Unplanned stop"),
        IncidentType.REMOTE_TAKEOVER: Name("远程接管", "Remote takeover"),
        IncidentType.ADS_ENGAGED: Name("自动驾驶激活", "Automated driving engaged"),
        IncidentType.ADS_DISENGAGED: Name("自动驾驶退出", "Automated driving disengaged"),
        IncidentType.TIP_OVER: Name("侧翻", "Tipped over"),
        IncidentType.HARSH_STOPPING: Name("急停", "Harsh stopping"),
        IncidentType.HARSH_STARTING: Name("急启", "Harsh starting"),
        IncidentType.NEAR_MISS: Name("险情", "Near miss"),
        IncidentType.VANDALISM: Name("破坏", "Vandalism"),
        IncidentType.THEFT: Name("盗窃", "Theft"),
        IncidentType.VIOLATION: Name("违规", "Violation"),
        IncidentType.CRASH: Name("碰撞", "Crash"),
        IncidentType.X_GEOFENCE_BREACH: Name("越界", "Fence breached"),
        IncidentType.X_OVERSPEED: Name("超速", "Overspeed"),
        IncidentType.X_PERMIT_EXPIRED: Name("许可到期", "Permit expired"),
        IncidentType.X_DOOR_FORCED: Name("非法开箱", "Door forced"),
        IncidentType.X_BATTERY_THERMAL: Name("热失控", "Battery overheating"),
        IncidentType.X_POSITIONING_LOST: Name("定位失效", "Positioning lost"),
        IncidentType.X_DATA_BREACH: Name("数据安全事件", "Data breach"),
    },
    IncidentSeverity: {
        IncidentSeverity.PROPERTY_DAMAGE: Name("财产损失", "Property damage"),
        IncidentSeverity.MINOR_INJURY: Name("轻伤", "Minor injury"),
        IncidentSeverity.SERIOUS_INJURY: Name("重伤", "Serious injury"),
        IncidentSeverity.FATAL: Name("死亡", "Fatal"),
    },
    IncidentState: {
        IncidentState.REPORTED: Name("上报", "Reported"),
        IncidentState.TRIAGED: Name("研判", "Triaged"),
        IncidentState.EVIDENCE_SEALED: Name("证据固定", "Evidence sealed"),
        IncidentState.RESPONSIBILITY_PENDING: Name("待认定", "Responsibility pending"),
        IncidentState.RESPONSIBILITY_DETERMINED: Name("已认定", "Responsibility determined"),
        IncidentState.CLOSED: Name("结案", "Closed"),
        IncidentState.REOPENED: Name("重开", "Reopened"),
    },
    Responsibility: {
        Responsibility.OPERATOR: Name("运营方", "Operator"),
        Responsibility.MAKER: Name("车辆厂商", "Maker"),
        Responsibility.OTHER_PARTY: Name("对方", "Other party"),
        Responsibility.SHARED: Name("双方", "Shared"),
        Responsibility.NOBODY: Name("无责", "Nobody"),
    },
    DeliveryStatus: {
        DeliveryStatus.WAITING: Name("待推送", "Waiting"),
        DeliveryStatus.DELIVERED: Name("已送达", "Delivered"),
        DeliveryStatus.FAILED: Name("推送失败", "Failed"),
    },
    WorkKind: {
        WorkKind.RESCUE: Name("救援", "Rescue"),
        WorkKind.TOW: Name("拖车", "Tow"),
        WorkKind.UNLOCK: Name("开锁", "Unlock"),
        WorkKind.RESTOCK: Name("补货", "Restock"),
        WorkKind.CLEAN: Name("清洁", "Clean"),
        WorkKind.REPAIR: Name("维修", "Repair"),
        WorkKind.INSPECTION: Name("检查", "Inspection"),
    },
    WorkState: {
        WorkState.OPEN: Name("待接单", "Open"),
        WorkState.ASSIGNED: Name("已派人", "Assigned"),
        WorkState.EN_ROUTE: Name("前往现场", "On the way"),
        WorkState.ON_SITE: Name("已到现场", "On site"),
        WorkState.DONE: Name("已完成", "Done"),
        WorkState.CANNOT: Name("未能完成", "Could not be done"),
    },
    TakeoverState: {
        TakeoverState.REQUESTED: Name("待接手", "Requested"),
        TakeoverState.OFFERED: Name("已提示值守人", "Offered"),
        TakeoverState.CLAIMED: Name("已认领", "Claimed"),
        TakeoverState.ACTIVE: Name("处理中", "Active"),
        TakeoverState.HANDED_OVER: Name("已移交", "Handed over"),
        TakeoverState.RESOLVED: Name("已解决", "Resolved"),
        TakeoverState.EXPIRED: Name("已失效", "Expired"),
    },
    TakeoverMode: {
        TakeoverMode.ASSIST: Name("远程协助", "Remote assistance"),
        TakeoverMode.DRIVE: Name("远程驾驶", "Remote driving"),
    },
    ShiftState: {
        ShiftState.ON_DUTY: Name("值班中", "On duty"),
        ShiftState.LOST: Name("失联", "Lost"),
        ShiftState.SIGNED_OFF: Name("已下班", "Signed off"),
    },
}


def name_of(member: StrEnum) -> Name:
    """Return the names of a state or kind; raises KeyError for one without a row, which a test prevents."""
    return NAMES[type(member)][member]
