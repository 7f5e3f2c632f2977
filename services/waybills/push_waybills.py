"""A station pushes waybills: all of them, or none and every error with its row; each recipient is asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.errors import Conflict
from core.ids import OperatorId, WaybillId, new_id
from core.privacy.cipher import SecretKeys
from services.delivery.catalogue import Merchant
from services.delivery.compartments import Parcel, takes
from services.merchants.catalogue_csv import RowError
from services.merchants.store import DeskStore
from services.notices.kinds import Occasion
from services.orders.zone import ZoneLoad, zone_load
from services.waybills.slots import ANSWER_WITHIN
from services.waybills.store import WaybillStore
from services.waybills.tell import link_token, tell
from services.waybills.waybill import Waybill
from services.waybills.waybill_csv import WaybillRow, check_rows, must_be_right

STATION: Final = "parcel_station"
"""The kind of merchant that has waybills."""


async def push_waybills(
    tx: Transaction,
    principal: Principal,
    rows: Sequence[Mapping[str, object]],
    keys: SecretKeys,
    *,
    first_row: int,
    at: datetime,
) -> list[Waybill]:
    """Return the new waybills, in the order of the rows; their recipients are asked once this is committed.

    Raises Invalid ``waybills-invalid`` with the rows that are wrong (a number the station has already is
    one), Conflict ``area-not-served`` for who is no station or has no vehicles.
    """
    merchant, _ = await DeskStore(tx).own(reach_of(principal))
    if merchant.kind != STATION:
        raise Conflict("area-not-served", "only a parcel station has waybills", kind=merchant.kind)
    load = await zone_load(tx, merchant.district, at=at)
    if load.operator is None:
        raise Conflict("area-not-served", district=merchant.district)
    found, errors = check_rows(rows, first_row)
    errors += await _not_possible(tx, merchant, load, found, first_row)
    must_be_right(errors)
    made = [await _offer(tx, merchant, load.operator, row, keys, at) for row in found]
    fields = {"waybills": len(made)}
    await audit.record(tx, principal, "waybills.pushed", f"merchant:{merchant.merchant_id}", fields, at=at)
    return made


async def _not_possible(
    tx: Transaction, merchant: Merchant, load: ZoneLoad, rows: Sequence[WaybillRow], first_row: int
) -> list[RowError]:
    known = await WaybillStore(tx).known(merchant.merchant_id, [row.number for row in rows])
    errors = []
    for number, row in enumerate(rows, first_row):
        parcel = Parcel(litres=row.litres, mass_kg=row.mass_kg)
        if row.number in known:
            errors.append(RowError(row=number, field="number", problem="the station has this number already"))
        if not any(takes(box, parcel) for box in load.boxes):
            problem = "no compartment of the district's vehicles takes it"
            errors.append(RowError(row=number, field="litres", problem=problem))
    return errors


async def _offer(
    tx: Transaction,
    merchant: Merchant,
    operator: OperatorId,
    row: WaybillRow,
    keys: SecretKeys,
    at: datetime,
) -> Waybill:
    waybill_id = WaybillId(new_id())
    waybill = Waybill(
        waybill_id=waybill_id,
        merchant_id=merchant.merchant_id,
        district=merchant.district,
        operator=operator,
        number=row.number,
        resident_id=await ResidentStore(tx, keys).ensure(row.phone, at=at),
        token_hash=link_token(keys, waybill_id).token_hash,
        parcel=Parcel(litres=row.litres, mass_kg=row.mass_kg),
        offered_at=at,
        answer_by=at + ANSWER_WITHIN,
    )
    if not await WaybillStore(tx).add(waybill):
        raise Conflict("conflict", "the station pushed this number in between", number=row.number)
    await tell(tx, waybill, Occasion.WAYBILL, at=at)
    return waybill
