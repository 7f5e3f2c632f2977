"""What each role may do: one table, read by guards and by the generated authorisation test."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """The hat a principal wears; nobody holds two at once."""

    RESIDENT = "resident"
    LINK = "link"
    """Whoever holds the link of one order; dies with the order."""
    MERCHANT = "merchant"
    DISPATCHER = "dispatcher"
    SHIFT_LEAD = "shift_lead"
    REMOTE_OPERATOR = "remote_operator"
    CREW = "crew"
    DUTY_OFFICER = "duty_officer"
    AGENCY = "agency"
    SUPERVISOR = "supervisor"
    """Third-party supervision: evidence about vehicles, never about residents."""
    ADMIN = "admin"
    MAKER = "maker"
    """A vehicle maker's cloud, speaking for its own vehicles."""
    DEVICE = "device"
    """One vehicle, speaking for itself."""
    INTERNAL = "internal"
    """A process of ours that calls another over HTTP."""


class Scope(StrEnum):
    """A thing a route lets somebody do; which rows they do it to is the reach's business."""

    SESSION_READ = "session:read"
    VEHICLES_READ = "vehicles:read"
    VEHICLES_COMMAND = "vehicles:command"
    VEHICLES_STOP = "vehicles:stop"
    """Stop a vehicle safely or at once; held more widely than other commands, because it is safe."""
    AREA_STOPS_PLACE = "area-stops:place"
    """Stop every vehicle of a drawn area, alone and at once."""
    AREA_STOPS_RELEASE = "area-stops:release"
    """Let the vehicles of an area stop go, with a second person."""
    VEHICLES_MANAGE = "vehicles:manage"
    """Register, permit, insure, suspend; issue and revoke codes."""
    COMMANDS_READ = "commands:read"
    ALARMS_READ = "alarms:read"
    ALARMS_ACT = "alarms:act"
    VIOLATIONS_READ = "violations:read"
    VIOLATIONS_JUDGE = "violations:judge"
    """Confirm, dismiss and close violations: the city, never the operator of the vehicle."""
    VIOLATIONS_APPEAL = "violations:appeal"
    """Appeal for the operator of the vehicle."""
    VIOLATIONS_DECIDE = "violations:decide"
    """Uphold or overturn what was appealed."""
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_OPEN = "incidents:open"
    INCIDENTS_ACT = "incidents:act"
    """Triage an incident and hold a vehicle at its scene."""
    INCIDENTS_JUDGE = "incidents:judge"
    """Determine responsibility, release the scene, close and reopen: the agency."""
    EVIDENCE_READ = "evidence:read"
    """Take a sealed bundle away; on record."""
    ORDERS_READ = "orders:read"
    """The order board of staff, phones masked."""
    ORDERS_ACT = "orders:act"
    DISPATCH_READ = "dispatch:read"
    """By which weights and rules the dispatcher of a zone decides."""
    DISPATCH_TUNE = "dispatch:tune"
    """Set the weights of a zone."""
    DISPATCH_STEER = "dispatch:steer"
    """Freeze a zone, give orders to vehicles of one's own choice."""
    PATROL_READ = "patrol:read"
    """Beats, their runs, evidence of checkpoints."""
    PATROL_WRITE = "patrol:write"
    """Draw beats, start and call off runs, send a vehicle to look at a place."""
    SCHEDULES_READ = "schedules:read"
    """What happens when, and what became of it."""
    SCHEDULES_WRITE = "schedules:write"
    """Make, change, pause and end schedules; excuse what was missed."""
    ORDERS_PLACE = "orders:place"
    ORDERS_OWN = "orders:own"
    """Read and collect one's own order; a link holds it for its one order. Cancelling is placing's."""
    BALANCE_OWN = "balance:own"
    """What one has paid in, still has to pay, and every entry of it."""
    CATALOGUE_READ = "catalogue:read"
    MERCHANT_ORDERS = "merchant:orders"
    MERCHANT_GOODS = "merchant:goods"
    """Say what is on one's own shelf."""
    MERCHANT_DESK = "merchant:desk"
    """Pause one's own shop, be busy, renew its licence, keep other hours."""
    MERCHANT_STATEMENTS = "merchant:statements"
    """One's own daily statements and what is owed to one now."""
    SETTLEMENT_READ = "settlement:read"
    """Entries of orders, statements and terms of merchants, clearings, what a vehicle-day earned and cost."""
    SETTLEMENT_COUNTER = "settlement:counter"
    """Take residents' money at a counter: top-ups, and what is due for a collected order."""
    SETTLEMENT_MANAGE = "settlement:manage"
    """Pay merchants and companies, refund and correct, agree terms and rates, claim subsidies."""
    VENDING_READ = "vending:read"
    """Stock, ledger and shrinkage of vending vehicles."""
    VENDING_STOCK = "vending:stock"
    """Load, count and take out goods of a vending vehicle."""
    VENDING_MANAGE = "vending:manage"
    """Say what slots hold and cost, and recall lots."""
    SWEEPING_READ = "sweeping:read"
    """Sweeping zones, their plans, runs and what was really swept."""
    SWEEPING_WRITE = "sweeping:write"
    """Draw sweeping zones; start, repair, take back and excuse runs."""
    FENCES_READ = "fences:read"
    FENCES_EDIT = "fences:edit"
    CITY_READ = "city:read"
    LIVE_READ = "live:read"
    DESK_SERVE = "desk:serve"
    """Work a shift at a desk and hand it over."""
    DUTY_SERVE = "duty:serve"
    """Sign in as remote safety operator and be bound to vehicles."""
    DUTY_READ = "duty:read"
    WORK_READ = "work:read"
    """What the field crew is asked to do, and how it went."""
    WORK_MANAGE = "work:manage"
    """Open work orders, give them to somebody, call them off."""
    WORK_DO = "work:do"
    """Take jobs of the field crew and say how they went."""
    READINESS_CHECK = "readiness:check"
    """Check a vehicle before it works, and say what was found."""
    WEATHER_READ = "weather:read"
    """Weather facts, what they forbid, and recalls."""
    WEATHER_WRITE = "weather:write"
    """Say what the weather is like, and what the vehicles of a service bear."""
    PHONES_REVEAL = "phones:reveal"
    POLICE_CODES = "police-codes:issue"
    """Give out the 30-minute code that shows an officer a vehicle's last ten minutes."""
    AUDIT_READ = "audit:read"
    STAFF_MANAGE = "staff:manage"
    WEBHOOKS_MANAGE = "webhooks:manage"
    """Subscribe other systems to the facts within one's reach."""
    QUALITY_READ = "quality:read"
    """How good vehicles' data is, and samples of what was refused."""
    QUALITY_OWN = "quality:own"
    """The same about a maker's own vehicles."""
    HISTORY_EXPORT = "history:export"
    """Take positions away as a file; each time is on record."""
    TELEMETRY_SEND = "telemetry:send"
    REPORTS_SEND = "reports:send"
    COMMANDS_RECEIVE = "commands:receive"
    ROUTING_QUOTE = "routing:quote"
    """Ask the internal route for travel times."""


_WATCHER = frozenset(
    {
        Scope.SESSION_READ,
        Scope.VEHICLES_READ,
        Scope.COMMANDS_READ,
        Scope.ALARMS_READ,
        Scope.VIOLATIONS_READ,
        Scope.INCIDENTS_READ,
        Scope.FENCES_READ,
        Scope.CITY_READ,
        Scope.LIVE_READ,
        Scope.DUTY_READ,
        Scope.WORK_READ,
        Scope.QUALITY_READ,
        Scope.DISPATCH_READ,
        Scope.SCHEDULES_READ,
        Scope.WEATHER_READ,
        Scope.SWEEPING_READ,
        Scope.PATROL_READ,
    }
)
_DISPATCHER = _WATCHER | {
    Scope.DESK_SERVE,
    Scope.VEHICLES_COMMAND,
    Scope.VEHICLES_STOP,
    Scope.AREA_STOPS_PLACE,
    Scope.AREA_STOPS_RELEASE,
    Scope.ALARMS_ACT,
    Scope.INCIDENTS_OPEN,
    Scope.ORDERS_READ,
    Scope.ORDERS_ACT,
    Scope.CATALOGUE_READ,
    Scope.WORK_MANAGE,
    Scope.READINESS_CHECK,
    Scope.VENDING_READ,
    Scope.VENDING_STOCK,
    Scope.SCHEDULES_WRITE,
    Scope.PATROL_WRITE,
    Scope.SETTLEMENT_READ,
    Scope.SETTLEMENT_COUNTER,
    Scope.DISPATCH_STEER,
    Scope.SWEEPING_WRITE,
}
_SHIFT_LEAD = _DISPATCHER | {
    Scope.SETTLEMENT_MANAGE,
    Scope.DISPATCH_TUNE,
    Scope.WEATHER_WRITE,
    Scope.VENDING_MANAGE,
    Scope.HISTORY_EXPORT,
    Scope.VEHICLES_MANAGE,
    Scope.FENCES_EDIT,
    Scope.PHONES_REVEAL,
    Scope.POLICE_CODES,
    Scope.VIOLATIONS_APPEAL,
    Scope.INCIDENTS_ACT,
    Scope.EVIDENCE_READ,
}

ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.RESIDENT: frozenset(
            {
                Scope.SESSION_READ,
                Scope.ORDERS_PLACE,
                Scope.ORDERS_OWN,
                Scope.CATALOGUE_READ,
                Scope.BALANCE_OWN,
            }
        ),
        Role.LINK: frozenset({Scope.ORDERS_OWN}),
        Role.MERCHANT: frozenset(
            {Scope.MERCHANT_ORDERS, Scope.MERCHANT_GOODS, Scope.MERCHANT_DESK, Scope.MERCHANT_STATEMENTS}
        ),
        Role.DISPATCHER: _DISPATCHER,
        Role.SHIFT_LEAD: _SHIFT_LEAD,
        Role.REMOTE_OPERATOR: _WATCHER
        | {
            Scope.DUTY_SERVE,
            Scope.VEHICLES_COMMAND,
            Scope.VEHICLES_STOP,
            Scope.AREA_STOPS_PLACE,
            Scope.ALARMS_ACT,
            Scope.INCIDENTS_OPEN,
            Scope.WORK_MANAGE,
        },
        Role.CREW: frozenset(
            {
                Scope.SESSION_READ,
                Scope.VEHICLES_READ,
                Scope.VEHICLES_STOP,
                Scope.COMMANDS_READ,
                Scope.ALARMS_READ,
                Scope.FENCES_READ,
                Scope.WORK_READ,
                Scope.WORK_DO,
                Scope.READINESS_CHECK,
                Scope.VENDING_READ,
                Scope.VENDING_STOCK,
            }
        ),
        Role.DUTY_OFFICER: _WATCHER
        | {
            Scope.WEATHER_WRITE,
            Scope.DESK_SERVE,
            Scope.HISTORY_EXPORT,
            Scope.VEHICLES_STOP,
            Scope.AREA_STOPS_PLACE,
            Scope.AREA_STOPS_RELEASE,
            Scope.ALARMS_ACT,
            Scope.POLICE_CODES,
            Scope.VIOLATIONS_JUDGE,
            Scope.INCIDENTS_OPEN,
            Scope.INCIDENTS_ACT,
            Scope.EVIDENCE_READ,
        },
        Role.AGENCY: _WATCHER
        | {
            Scope.HISTORY_EXPORT,
            Scope.POLICE_CODES,
            Scope.VIOLATIONS_JUDGE,
            Scope.VIOLATIONS_DECIDE,
            Scope.INCIDENTS_OPEN,
            Scope.INCIDENTS_ACT,
            Scope.INCIDENTS_JUDGE,
            Scope.EVIDENCE_READ,
        },
        Role.SUPERVISOR: _WATCHER | {Scope.HISTORY_EXPORT, Scope.AUDIT_READ, Scope.EVIDENCE_READ},
        # The administrator of accounts and data is no dispatcher: no command, no order, no resident's phone.
        Role.ADMIN: _WATCHER
        | {
            Scope.VEHICLES_MANAGE,
            Scope.FENCES_EDIT,
            Scope.AUDIT_READ,
            Scope.STAFF_MANAGE,
            Scope.WEBHOOKS_MANAGE,
        },
        Role.MAKER: frozenset(
            {Scope.TELEMETRY_SEND, Scope.REPORTS_SEND, Scope.COMMANDS_RECEIVE, Scope.QUALITY_OWN}
        ),
        Role.DEVICE: frozenset({Scope.TELEMETRY_SEND, Scope.REPORTS_SEND, Scope.COMMANDS_RECEIVE}),
        Role.INTERNAL: frozenset({Scope.ROUTING_QUOTE}),
    }
)
"""Every role has a row; a scope that no row names can be done by nobody."""

STAFF_ROLES: frozenset[Role] = frozenset(
    {
        Role.DISPATCHER,
        Role.SHIFT_LEAD,
        Role.REMOTE_OPERATOR,
        Role.CREW,
        Role.DUTY_OFFICER,
        Role.AGENCY,
        Role.SUPERVISOR,
        Role.ADMIN,
    }
)
"""Roles an account with password and TOTP may hold."""
