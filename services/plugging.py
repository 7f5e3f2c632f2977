"""What services plug into the inbox, the endings of commands and the work of idle vehicles; composition
calls these once a process."""

from collections.abc import Mapping

from core.database import Database
from core.inbox_consumer import ReportHandler
from core.kinds import ServiceKind
from fleet.commands.ending import Endings
from fleet.commands.take_answer import AnswerHandler
from fleet.incidents.take_recording import recording_ended
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.reports import ReportKind
from fleet.vehicles.take_reports import take_link_loss_policy, take_takeover_request
from services.charging.effects import ChargingEffects
from services.delivery.effects import DeliveryEffects
from services.delivery.reports import DeliveryReports
from services.dispatch.area import AreasAt
from services.dispatch.joins.answers import LateJoins, join_ended
from services.dispatch.work import WorkSource
from services.patrol.effects import PatrolEffects
from services.patrol.give_work import PatrolWork
from services.patrol.take_evidence import PatrolReports
from services.sweeping.effects import SweepingEffects
from services.sweeping.offer_runs import SweepingRuns
from services.tasks.answers import PlanEnded, PlanTaken
from services.tasks.home import return_ended
from services.tasks.reports import TaskReports
from services.tasks.roads import Roads
from services.tasks.states import TaskKind
from services.vending.calls.serve_calls import CallEffects
from services.vending.offer_work import VendingWork
from services.vending.rounds.drive_round import RoundEffects
from services.vending.sales.keypad_reports import SaleKeypad, codes_ended
from services.vending.sales.open_slot import door_ended
from services.vending.sales.take_report import take_goods_taken


def task_reports() -> TaskReports:
    """Return who moves tasks, with the effects of every kind that carries something."""
    return TaskReports(
        {
            TaskKind.DELIVERY: DeliveryEffects(),
            TaskKind.PATROL: PatrolEffects(),
            TaskKind.SWEEPING: SweepingEffects(),
            TaskKind.VENDING_CALL: CallEffects(),
            TaskKind.VENDING_ROUND: RoundEffects(),
            TaskKind.CHARGING: ChargingEffects(),
        }
    )


def command_endings(reports: TaskReports) -> Endings:
    """Return what follows when a command of some kind is over."""
    return {
        CommandKind.ASSIGN_TASK: PlanEnded(reports),
        CommandKind.REROUTE: join_ended,
        CommandKind.RETURN_TO_DEPOT: return_ended,
        CommandKind.PRESERVE_RECORDING: recording_ended,
        CommandKind.OPEN_COMPARTMENT: door_ended,
        CommandKind.SALE_CODES: codes_ended,
    }


def report_handlers(reports: TaskReports) -> dict[str, ReportHandler]:
    """Return the handler of every report kind there is: those of the fleet and those of tasks and orders."""
    answers = LateJoins(AnswerHandler(command_endings(reports)))
    delivery = DeliveryReports(reports)
    keypad = SaleKeypad(delivery.door_opened, delivery.code_failed)
    patrol = PatrolReports(reports)
    return {
        ReportKind.COMMAND_ACK.value: PlanTaken(answers, reports),
        ReportKind.COMMAND_RESULT.value: answers,
        ReportKind.STOP_REACHED.value: reports.stop_reached,
        ReportKind.STOP_LEFT.value: reports.stop_left,
        ReportKind.TASK_DONE.value: reports.task_done,
        ReportKind.FAULT.value: reports.fault,
        ReportKind.GOODS_LOADED.value: delivery.goods_loaded,
        ReportKind.DOOR_OPENED.value: keypad.door_opened,
        ReportKind.DOOR_CLOSED.value: delivery.door_closed,
        ReportKind.GOODS_TAKEN.value: take_goods_taken,
        ReportKind.CODE_FAILED.value: keypad.code_failed,
        ReportKind.LINK_LOSS_POLICY.value: take_link_loss_policy,
        ReportKind.TAKEOVER_REQUESTED.value: take_takeover_request,
        ReportKind.EVIDENCE_CAPTURED.value: patrol.evidence_captured,
    }


def work_sources(
    database: Database, roads: Roads, areas_at: AreasAt | None = None
) -> Mapping[ServiceKind, WorkSource]:
    """Return who has work for the idle vehicles of which service; a service that is absent has none."""
    return {
        ServiceKind.PATROL: PatrolWork(database, roads, areas_at),
        ServiceKind.SWEEPING: SweepingRuns(database, roads, areas_at),
        ServiceKind.VENDING: VendingWork(database, roads, areas_at),
    }
