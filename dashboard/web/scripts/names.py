"""Write src/i18n/names.{zh,en}.ts: the names of every state and kind, from the tables that own them.

Run with the Python of the project, from the checkout; ``--check`` writes nothing, exits 1 when one is stale.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from fleet.alarms.advice import ADVICE
from fleet.names import NAMES
from fleet.vehicles.dispatchable import ReasonCode
from geofences.fences import FENCE_STATE_NAMES, KIND_NAMES
from services.charging import charger as charging
from services.decommission import outgoing as decommission
from services.delegation.collected import COLLECTOR_NAMES, HOW_NAMES
from services.dispatch.by_hand import HINDRANCE_NAMES
from services.dispatch.cost import TERM_NAMES
from services.dispatch.rules import RULE_NAMES
from services.merchants.desk import PAUSE_NAMES, STANDING_NAMES
from services.notices import kinds as notice_kinds
from services.orders.reasons import REASON_NAMES
from services.orders.states import STATE_NAMES
from services.patrol import kinds as patrol
from services.schedules import kinds as schedules
from services.settlement.accounts import ACCOUNT_NAMES
from services.settlement.clearing import clearing
from services.settlement.clearing.crossing import CROSSING_NAMES
from services.settlement.entry import POSTING_NAMES, SOURCE_NAMES
from services.settlement.terms import PAID_BY_NAMES
from services.settlement.terms import STANDING_NAMES as TERMS_NAMES
from services.substitutions import substitution
from services.tasks import states as task_states
from services.vending.calls import states as call_states
from services.vending.ledger import MOVEMENT_NAMES
from services.vending.sales import states as sale_states
from services.waybills import waybill

FOLDER = Path(__file__).resolve().parent.parent / "src" / "i18n"
LOCALES = ("zh", "en")
Pairs = Mapping[str, tuple[str, str]]


def tables() -> dict[str, Pairs]:
    """Return every table of names by the name it has in TypeScript: word → (zh, en)."""
    found: dict[str, Pairs] = {}
    for enum, names in NAMES.items():
        if enum is not ReasonCode:
            key = enum.__name__[0].lower() + enum.__name__[1:]
            found[key] = {member.value: (name.zh, name.en) for member, name in names.items()}
    found["alarmAdvice"] = {kind.value: (advice.zh, advice.en) for kind, advice in ADVICE.items()}
    found["orderState"] = {state.value: pair for state, pair in STATE_NAMES.items()}
    found["taskState"] = {state.value: pair for state, pair in task_states.STATE_NAMES.items()}
    found["taskKind"] = {kind.value: pair for kind, pair in task_states.TASK_KIND_NAMES.items()}
    found["stopKind"] = {kind.value: pair for kind, pair in task_states.STOP_KIND_NAMES.items()}
    found["stopState"] = {state.value: pair for state, pair in task_states.STOP_STATE_NAMES.items()}
    found["callState"] = {state.value: pair for state, pair in call_states.STATE_NAMES.items()}
    found["saleState"] = {state.value: pair for state, pair in sale_states.STATE_NAMES.items()}
    found["stockMovement"] = {kind.value: pair for kind, pair in MOVEMENT_NAMES.items()}
    found["fenceKind"] = {kind.value: pair for kind, pair in KIND_NAMES.items()}
    found["fenceState"] = {state.value: pair for state, pair in FENCE_STATE_NAMES.items()}
    found["shopStanding"] = {standing.value: pair for standing, pair in STANDING_NAMES.items()}
    found["pauseReason"] = {reason.value: pair for reason, pair in PAUSE_NAMES.items()}
    found["scheduledWork"] = {kind.value: pair for kind, pair in schedules.WORK_KIND_NAMES.items()}
    found["dayRule"] = {rule.value: pair for rule, pair in schedules.DAY_RULE_NAMES.items()}
    found["misfire"] = {policy.value: pair for policy, pair in schedules.MISFIRE_NAMES.items()}
    found["occurrenceState"] = {state.value: pair for state, pair in schedules.STATE_NAMES.items()}
    found["substitutionState"] = {one.value: pair for one, pair in substitution.STATE_NAMES.items()}
    found["waybillState"] = {one.value: pair for one, pair in waybill.STATE_NAMES.items()}
    found["noticeChannel"] = {one.value: pair for one, pair in notice_kinds.CHANNEL_NAMES.items()}
    found["noticeOccasion"] = {one.value: pair for one, pair in notice_kinds.OCCASION_NAMES.items()}
    found["noticeState"] = {one.value: pair for one, pair in notice_kinds.STATE_NAMES.items()}
    found["patrolKind"] = {kind.value: pair for kind, pair in patrol.RUN_KIND_NAMES.items()}
    found["patrolRunState"] = {state.value: pair for state, pair in patrol.RUN_STATE_NAMES.items()}
    found["patrolPointState"] = {state.value: pair for state, pair in patrol.POINT_STATE_NAMES.items()}
    found["patrolMissed"] = {reason.value: pair for reason, pair in patrol.MISSED_NAMES.items()}
    found["patrolVerdict"] = {verdict.value: pair for verdict, pair in patrol.VERDICT_NAMES.items()}
    found["patrolTrack"] = {check.value: pair for check, pair in patrol.TRACK_NAMES.items()}
    found["patrolFinding"] = {finding.value: pair for finding, pair in patrol.FINDING_NAMES.items()}
    found["orderReason"] = REASON_NAMES
    found["collector"] = {who.value: pair for who, pair in COLLECTOR_NAMES.items()}
    found["openedHow"] = {how.value: pair for how, pair in HOW_NAMES.items()}
    found["moneyAccount"] = {kind.value: pair for kind, pair in ACCOUNT_NAMES.items()}
    found["moneyPosting"] = {kind.value: pair for kind, pair in POSTING_NAMES.items()}
    found["moneySource"] = {source.value: pair for source, pair in SOURCE_NAMES.items()}
    found["clearingState"] = {state.value: pair for state, pair in clearing.STATE_NAMES.items()}
    found["clearingEvent"] = {event.value: pair for event, pair in clearing.EVENT_NAMES.items()}
    found["crossing"] = {kind.value: pair for kind, pair in CROSSING_NAMES.items()}
    found["paidBy"] = {way.value: pair for way, pair in PAID_BY_NAMES.items()}
    found["termsStanding"] = {standing.value: pair for standing, pair in TERMS_NAMES.items()}
    found["dispatchRule"] = RULE_NAMES
    found["hindrance"] = {word.value: pair for word, pair in HINDRANCE_NAMES.items()}
    found["reservationState"] = {state.value: pair for state, pair in charging.STATE_NAMES.items()}
    found["restOfWork"] = {rest.value: pair for rest, pair in decommission.REST_NAMES.items()}
    found["waitsFor"] = {what.value: pair for what, pair in decommission.WAITS_NAMES.items()}
    found["chargerKind"] = {kind.value: pair for kind, pair in charging.KIND_NAMES.items()}
    found["costTerm"] = TERM_NAMES
    return found


def render(locale: int) -> str:
    """Return the TypeScript of one locale (0 zh, 1 en); the English one has the type of the Chinese one."""
    lines = ["// Generated by scripts/names.py from the tables of the server packages; do not edit.", ""]
    if locale:
        lines += ['import type * as zh from "./names.zh.ts";', ""]
    for table, pairs in tables().items():
        of_type = f": typeof zh.{table}" if locale else ""
        lines.append(f"export const {table}{of_type} = {{")
        for word, pair in pairs.items():
            text = pair[locale]
            lines.append(f"  {word}: {json.dumps(text[:1].upper() + text[1:], ensure_ascii=False)},")
        lines += ["};", ""]
    return "\n".join(lines)


def main() -> None:
    """Write both files, or check them."""
    stale = False
    for number, locale in enumerate(LOCALES):
        path = FOLDER / f"names.{locale}.ts"
        text = render(number)
        if "--check" in sys.argv:
            stale |= not path.exists() or path.read_text() != text
        else:
            path.write_text(text)
    if stale:
        sys.exit("names.zh.ts or names.en.ts is out of date: run dashboard/web/scripts/names.py")


if __name__ == "__main__":
    main()
