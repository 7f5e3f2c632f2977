"""What to do about each kind of alarm, and what a person may answer to it: data, not code."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from fleet.alarms.kinds import AlarmKind


class AlarmAnswer(StrEnum):
    """What a person may say to an alarm instead of words of his own."""

    WATCHING = "watching"
    HANDLING = "handling"
    CREW_SENT = "crew_sent"
    STOPPED = "stopped"
    TAKEN_OVER = "taken_over"
    RESCUE_CALLED = "rescue_called"
    GOODS_OUT = "goods_out"
    MAKER_TOLD = "maker_told"
    PLANNED = "planned"
    FALSE_ALARM = "false_alarm"


NOT_ACKNOWLEDGING: Final = frozenset({AlarmAnswer.WATCHING})
"""Answers after which the alarm still waits for somebody; every other acknowledges it."""


class Advice(msgspec.Struct, frozen=True):
    """The suggested action, in both languages, and the answers that fit."""

    zh: str
    en: str
    answers: tuple[AlarmAnswer, ...]


_A = AlarmAnswer
_ON_THE_ROAD = (_A.HANDLING, _A.STOPPED, _A.TAKEN_OVER, _A.PLANNED, _A.FALSE_ALARM, _A.WATCHING)
_NEEDS_HANDS = (_A.HANDLING, _A.CREW_SENT, _A.STOPPED, _A.FALSE_ALARM, _A.WATCHING)
_GRAVE = (_A.RESCUE_CALLED, _A.CREW_SENT, _A.STOPPED, _A.FALSE_ALARM)
_LINK = (_A.HANDLING, _A.CREW_SENT, _A.MAKER_TOLD, _A.PLANNED, _A.WATCHING)
_PAPERS = (_A.HANDLING, _A.PLANNED, _A.WATCHING)

ADVICE: Final[Mapping[AlarmKind, Advice]] = {
    AlarmKind.NO_GO_ENTRY: Advice(
        "安全停车，由远程安全员引导驶出。",
        "Stop it safely and have a remote operator lead it out.",
        _ON_THE_ROAD,
    ),
    AlarmKind.LEFT_OPERATING_AREA: Advice(
        "安全停车并改道返回运营区域。", "Stop it safely and send it back into its area.", _ON_THE_ROAD
    ),
    AlarmKind.SERVICE_REFUSED: Advice(
        "核对任务，让车辆驶离该区域。", "Check its task and have it leave the place.", _ON_THE_ROAD
    ),
    AlarmKind.FENCE_CROWDED: Advice(
        "让部分车辆驶离或改派他处，并核对区域容量。",
        "Send some of them elsewhere, and check how many the place may hold.",
        (_A.HANDLING, _A.PLANNED, _A.FALSE_ALARM, _A.WATCHING),
    ),
    AlarmKind.STOPPED_IN_KEEP_CLEAR: Advice(
        "让车辆移出禁停区；无法移动时派现场。", "Move it on; send a crew when it cannot move.", _NEEDS_HANDS
    ),
    AlarmKind.OVERSPEED: Advice(
        "下发限速并核对围栏版本。", "Set a speed cap and check its fences.", _ON_THE_ROAD
    ),
    AlarmKind.STUCK: Advice(
        "查看前方情况，远程协助或改道。",
        "Look at what blocks it; assist from afar or send it another way.",
        (_A.HANDLING, _A.TAKEN_OVER, _A.CREW_SENT, _A.FALSE_ALARM, _A.WATCHING),
    ),
    AlarmKind.OFFLINE_ON_DUTY: Advice(
        "联系厂商或附近现场人员确认位置。",
        "Ask the maker or a crew nearby where it is.",
        _LINK,
    ),
    AlarmKind.MAKER_SILENT: Advice(
        "联系厂商云平台；车辆会按断连策略停车。",
        "Call the maker's cloud; its vehicles stop by their link-loss policy.",
        _LINK,
    ),
    AlarmKind.AREA_SILENT: Advice(
        "核实该区域的移动网络，必要时派现场。",
        "Find out about the mobile network there; send a crew if needed.",
        _LINK,
    ),
    AlarmKind.LOW_BATTERY: Advice(
        "安排充电，不再派新任务。",
        "Send it to charge and give it no new task.",
        (_A.HANDLING, _A.CREW_SENT, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.BATTERY_TOO_COLD: Advice(
        "先预热电池，再行驶或充电。",
        "Preheat the battery before it drives or charges.",
        (_A.HANDLING, _A.CREW_SENT, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.BATTERY_THERMAL: Advice(
        "立即停车、疏散周围人员并报火警。",
        "Stop it at once, clear the people around it and call the fire brigade.",
        _GRAVE,
    ),
    AlarmKind.TANK_FROZEN: Advice(
        "改为干扫或取消洒水任务。", "Sweep dry or cancel the work that needs water.", _NEEDS_HANDS
    ),
    AlarmKind.CARGO_TEMPERATURE: Advice(
        "核对货物，取出或报损。",
        "Check the goods; take them out or write them off.",
        (_A.GOODS_OUT, _A.HANDLING, _A.CREW_SENT, _A.FALSE_ALARM, _A.WATCHING),
    ),
    AlarmKind.COMPARTMENT_LEFT_OPEN: Advice(
        "提醒关门；行驶中立即停车。", "Have it closed; stop the vehicle if it drives.", _NEEDS_HANDS
    ),
    AlarmKind.DOOR_FORCED: Advice(
        "停车、保全录像并派现场，必要时报警。",
        "Stop it, keep its recording, send a crew; call the police if needed.",
        _GRAVE,
    ),
    AlarmKind.SENSOR_BLOCKED: Advice(
        "安全停车，派现场清洁传感器。", "Stop it safely and send a crew to clean the sensor.", _NEEDS_HANDS
    ),
    AlarmKind.WEATHER_LIMIT: Advice(
        "召回车辆到遮蔽处。",
        "Bring the vehicle to shelter.",
        (_A.HANDLING, _A.STOPPED, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.TIPPED_OVER: Advice(
        "停车、派现场并围护；有人受伤先呼救。",
        "Stop it and send a crew; call rescue first when somebody is hurt.",
        _GRAVE,
    ),
    AlarmKind.COLLISION: Advice(
        "停车并保全录像；有人受伤先呼救。",
        "Stop it and keep its recording; call rescue first when somebody is hurt.",
        _GRAVE,
    ),
    AlarmKind.TAKEOVER_REQUESTED: Advice(
        "由远程安全员接管或协助。",
        "Have a remote operator take over or assist.",
        (_A.TAKEN_OVER, _A.HANDLING, _A.CREW_SENT, _A.FALSE_ALARM),
    ),
    AlarmKind.TAKEOVER_UNANSWERED: Advice(
        "立即指派远程安全员，必要时派现场。",
        "Name a remote operator at once; send a crew when nobody is free.",
        (_A.TAKEN_OVER, _A.HANDLING, _A.CREW_SENT),
    ),
    AlarmKind.PERMIT_EXPIRING: Advice("办理许可续期。", "Have the permit renewed.", _PAPERS),
    AlarmKind.PERMIT_EXPIRED: Advice(
        "车辆停运，办理许可。", "Keep it out of service; renew the permit.", _PAPERS
    ),
    AlarmKind.POSITIONING_LOST: Advice(
        "停车等待定位恢复，必要时派现场。",
        "Have it wait for its position to come back; send a crew when it does not.",
        _NEEDS_HANDS,
    ),
    AlarmKind.DATA_QUALITY: Advice(
        "把被拒样本发给厂商。", "Send the maker samples of what was refused.", _LINK
    ),
    AlarmKind.VEHICLE_FAULT: Advice(
        "按故障码处理，不能继续时派现场。",
        "Act on its fault code; send a crew when it cannot go on.",
        _NEEDS_HANDS,
    ),
    AlarmKind.EMERGENCY_STOP: Advice(
        "查明原因后再解除停车。",
        "Find out why before it is released.",
        (_A.HANDLING, _A.CREW_SENT, _A.RESCUE_CALLED, _A.PLANNED),
    ),
    AlarmKind.NOBODY_WATCHES: Advice(
        "安排远程安全员上岗，或停下车辆。",
        "Bring a remote operator on duty, or stop the vehicle.",
        (_A.HANDLING, _A.TAKEN_OVER, _A.STOPPED),
    ),
    AlarmKind.NEEDS_PERSON: Advice(
        "查看任务，决定继续、返回或派现场。",
        "Look at the task: go on, return, or send a crew.",
        (_A.HANDLING, _A.CREW_SENT, _A.TAKEN_OVER, _A.WATCHING),
    ),
    AlarmKind.INCIDENT_OVERDUE: Advice(
        "办理该事件的下一步，或联系负责机关。",
        "Take the incident's next step, or call the agency whose step it is.",
        (_A.HANDLING, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.BOOKS_UNBALANCED: Advice(
        "运行 steppe settlement check 查看明细，以更正分录处理，并联系平台方。",
        "See what is wrong with steppe settlement check, put it right by an entry, and call the platform.",
        (_A.HANDLING, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.PATROL_MISSED: Advice(
        "再发起一次巡逻，或派人查看漏巡点。",
        "Start the beat again, or send somebody to the checkpoints that were missed.",
        (_A.HANDLING, _A.CREW_SENT, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.CHARGE_STALLED: Advice(
        "派现场查看电池加热、插头和充电桩，必要时拖到室内。",
        "Send a crew to look at the heater, the plug and the charger; tow it inside where it has to be.",
        (_A.CREW_SENT, _A.HANDLING, _A.PLANNED, _A.WATCHING),
    ),
    AlarmKind.STREET_BLOCKED: Advice(
        "查看车辆周围，远程让车靠边；无法移动时派现场，并答复市民。",
        "Look around it and have it pull over; send a crew when it cannot move. Then answer the people.",
        (_A.HANDLING, _A.TAKEN_OVER, _A.CREW_SENT, _A.STOPPED, _A.FALSE_ALARM),
    ),
    AlarmKind.STREET_HELP: Advice(
        "立即通过车载喇叭喊话询问；需要时停车、报警或呼救，并答复市民。",
        "Ask through its loudspeaker at once; stop it, call the police or rescue. Then answer the people.",
        _GRAVE,
    ),
    AlarmKind.PATROL_FINDING: Advice(
        "查看取证，通知责任单位或派现场。",
        "Look at the evidence; tell whoever is responsible, or send a crew.",
        (_A.HANDLING, _A.CREW_SENT, _A.PLANNED, _A.FALSE_ALARM, _A.WATCHING),
    ),
}
"""Every kind has a row. The words are ours; a city may set others."""
