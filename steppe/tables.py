"""Every module that defines tables, imported, so that the metadata is whole before it is compared."""

from types import ModuleType
from typing import Final

import core.audit.tables
import core.auth.staff_notices
import core.auth.tables
import core.idempotency
import core.inbox
import core.leases
import core.outbox
import fleet.alarms.tables
import fleet.area_stops.tables
import fleet.commands.tables
import fleet.days.tables
import fleet.desk_shifts.tables
import fleet.feedback.tables
import fleet.fences.tables
import fleet.history.holds.tables
import fleet.incidents.tables
import fleet.people.tables
import fleet.police.tables
import fleet.quality.tables
import fleet.readiness.tables
import fleet.takeovers.tables
import fleet.telemetry.facts
import fleet.telemetry.hole_book
import fleet.vehicles.tables
import fleet.violations.tables
import fleet.weather.tables
import fleet.webhooks.tables
import fleet.work_orders.tables
import geofences.tables
import services.charging.tables
import services.decommission.tables
import services.delegation.tables
import services.delivery.tables
import services.dispatch.tables
import services.flows.tables
import services.merchants.tables
import services.notices.tables
import services.orders.tables
import services.patrol.tables
import services.places.tables
import services.residents.tables
import services.schedules.tables
import services.settlement.tables
import services.substitutions.tables
import services.sweeping.tables
import services.tasks.tables
import services.vending.tables
import services.waybills.tables
import steppe.city.tables

ALL: Final[tuple[ModuleType, ...]] = (
    core.audit.tables,
    core.auth.staff_notices,
    core.auth.tables,
    core.idempotency,
    core.inbox,
    core.leases,
    core.outbox,
    fleet.alarms.tables,
    fleet.commands.tables,
    fleet.days.tables,
    fleet.fences.tables,
    fleet.history.holds.tables,
    fleet.incidents.tables,
    fleet.people.tables,
    fleet.area_stops.tables,
    fleet.desk_shifts.tables,
    fleet.police.tables,
    fleet.quality.tables,
    fleet.feedback.tables,
    fleet.takeovers.tables,
    fleet.telemetry.facts,
    fleet.telemetry.hole_book,
    fleet.readiness.tables,
    fleet.vehicles.tables,
    fleet.webhooks.tables,
    fleet.violations.tables,
    fleet.weather.tables,
    fleet.work_orders.tables,
    geofences.tables,
    services.charging.tables,
    services.decommission.tables,
    services.delegation.tables,
    services.delivery.tables,
    services.dispatch.tables,
    services.flows.tables,
    services.merchants.tables,
    services.notices.tables,
    services.orders.tables,
    services.patrol.tables,
    services.places.tables,
    services.residents.tables,
    services.settlement.tables,
    services.schedules.tables,
    services.substitutions.tables,
    services.sweeping.tables,
    services.tasks.tables,
    services.vending.tables,
    services.waybills.tables,
    steppe.city.tables,
)
"""A test holds that no other module defines a table."""
