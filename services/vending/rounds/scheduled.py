"""Rounds on schedules: an occurrence that comes due waits for a vehicle, which drives where demand was."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import NotFound
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.schedules.port import Subject
from services.schedules.schedule import Occurrence
from services.vending.rounds.round import RoundState, ScheduledRound
from services.vending.rounds.round_store import RoundStore

NO_VEHICLES = "no_vending_vehicles"


class ScheduledRounds:
    """What occurrences of kind ``vending_round`` do (services.schedules.port).

    A subject is the roaming of one company's vending vehicles in one district: ``KB:op-a``.
    """

    async def subject(self, tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        """Return the roaming of a company in a district within the reach; raise NotFound."""
        found = [one for one in await self.subjects(tx, reach) if one.subject_id == subject_id]
        if not found:
            raise NotFound("not-found", "no vending vehicles roam there", subject_id=subject_id)
        return found[0]

    async def subjects(self, tx: Transaction, reach: Reach, /) -> list[Subject]:
        """Return the districts and companies within the reach that have vending vehicles in service."""
        return [_subject(*pair) for pair in await selling_companies(tx, reach)]

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        """Make a round wait; ``no_vending_vehicles`` where none is in service any more."""
        try:
            subject = await self.subject(tx, occurrence.subject_id, EVERYTHING)
        except NotFound:
            return NO_VEHICLES
        await RoundStore(tx).add(
            ScheduledRound(
                occurrence_id=occurrence.occurrence_id,
                district=subject.district,
                operator=subject.operator,
                wanted_vehicle=occurrence.vehicle_no,
                made_at=at,
            )
        )
        return None

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:  # noqa: ARG002
        """End a round that still waits; one that is driven may finish."""
        await RoundStore(tx).move(occurrence.occurrence_id, RoundState.WAITING, RoundState.OVER)


async def selling_companies(tx: Transaction, reach: Reach) -> list[tuple[DistrictCode, OperatorId]]:
    """Return the districts and companies within the reach that have vending vehicles in service."""
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.VENDING}), lifecycles=frozenset({Lifecycle.IN_SERVICE})
    )
    fleet = await VehicleStore(tx).page(reach, wanted)
    return sorted({(one.district, one.operator) for one in fleet})


async def sellers_of(tx: Transaction, district: DistrictCode, operator: OperatorId) -> list[Vehicle]:
    """Return a company's vending vehicles in service of a district, by number."""
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.VENDING}),
        districts=frozenset({district}),
        lifecycles=frozenset({Lifecycle.IN_SERVICE}),
    )
    fleet = await VehicleStore(tx).page(EVERYTHING, wanted)
    return [vehicle for vehicle in fleet if vehicle.operator == operator]


def _subject(district: DistrictCode, operator: OperatorId) -> Subject:
    return Subject(
        subject_id=f"{district}:{operator}",
        name_zh=f"{district} 巡游售卖",
        name_en=f"Vending rounds in {district}",
        district=district,
        operator=operator,
    )
