"""Makes the accounts, keys and tokens of a city pack that are not there yet, and tells them once."""

import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from core.auth.api_tokens import PREFIX as TOKEN_PREFIX
from core.auth.api_tokens import ensure_merchant_token
from core.auth.machines import ensure_maker_key, machine_key_exists
from core.auth.one_time import new_totp_secret
from core.auth.passwords import Passwords
from core.auth.roles import Role
from core.auth.staff import StaffAccount, StaffStore, ensure_staff
from core.auth.tokens import new_token
from core.database import Database, Transaction
from core.ids import AgencyCode, MakerId, MerchantId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from services.delivery.keypad import keypad_key
from steppe.city.build import CityBuild
from steppe.city.commerce import merchants_of
from steppe.city.fleet import RosterVehicle, roster_vehicles
from steppe.city.issued import (
    Issued,
    IssuedBox,
    IssuedVehicle,
    MakerKey,
    MerchantToken,
    StaffLogIn,
    read_issued,
    write_issued,
)
from steppe.city.load import known_vehicles
from steppe.city.pack import Account, CityPack
from steppe.city.report import LoadReport

PASSWORD_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - an alphabet without look-alikes
PASSWORD_GROUPS: Final = 4
"""Four groups of four letters out of 31: 79 bits."""


async def hand_out(
    database: Database,
    pack: CityPack,
    build: CityBuild,
    report: LoadReport,
    *,
    data_dir: Path,
    keypad_root: str,
    passwords: Passwords,
    with_demo: bool,
    wall: datetime,
    fence_key: str = "",
) -> Issued:
    """Make accounts, keys and tokens that are not there yet, and return and write all that were handed out.

    What an earlier load told keeps its secret, also when that load was killed half-way. An account that
    exists without having been told here (its password is somebody's own) is left alone and not listed.
    """
    before = read_issued(data_dir) or Issued(city=pack.city.name)
    async with database.read() as tx:
        staff = await _staff(tx, pack, before)
        makers = await _makers(tx, pack, before)
    merchants = _merchants(pack, build, before)
    made = await _vehicles(database, pack, build, keypad_root, with_demo)
    vehicles = tuple(msgspec.structs.replace(vehicle, fence_key=fence_key) for vehicle in made)
    issued = Issued(city=pack.city.name, staff=staff, makers=makers, merchants=merchants, vehicles=vehicles)
    # Told before it is true: whoever is killed in between finds the same secrets and makes what is missing.
    write_issued(data_dir, issued)
    await _make_staff(database, pack, staff, report, passwords, wall)
    await _make_makers(database, pack, makers, report, wall)
    await _make_merchants(database, merchants, report, wall)
    return issued


async def _staff(tx: Transaction, pack: CityPack, before: Issued) -> tuple[StaffLogIn, ...]:
    """Return the log-ins that were told already, and fresh ones of accounts that do not exist."""
    told = {log_in.username: log_in for log_in in before.staff}
    wanted = [_log_in(account, nth) for account in pack.accounts for nth in range(1, account.count + 1)]
    store = StaffStore(tx)
    listed = [
        told.get(fresh.username, fresh)
        for fresh in wanted
        if fresh.username in told or await store.secrets_of(fresh.username) is None
    ]
    return tuple(listed)


async def _make_staff(
    database: Database,
    pack: CityPack,
    told: tuple[StaffLogIn, ...],
    report: LoadReport,
    passwords: Passwords,
    wall: datetime,
) -> None:
    for log_in in told:
        async with database.write() as tx:
            exists = await StaffStore(tx).secrets_of(log_in.username) is not None
            if not exists:
                await ensure_staff(tx, _account(log_in), passwords, at=wall)
        report.count("staff accounts", "unchanged" if exists else "created")
    report.count("staff accounts", "unchanged", sum(a.count for a in pack.accounts) - len(told))


def _log_in(account: Account, number: int) -> StaffLogIn:
    is_one = account.count == 1
    return StaffLogIn(
        username=account.username if is_one else f"{account.username}-{number:02d}",
        name=account.name_zh if is_one else f"{account.name_zh}{number:02d}",
        role=account.role,
        password=new_password(),
        totp_secret=new_totp_secret(),
        agency=account.agency or None,
        operator=account.operator or None,
        districts=account.districts,
    )


def _account(log_in: StaffLogIn) -> StaffAccount:
    return StaffAccount(
        username=log_in.username,
        name=log_in.name,
        role=Role(log_in.role),
        password=log_in.password,
        totp_secret=log_in.totp_secret,
        agency=AgencyCode(log_in.agency) if log_in.agency else None,
        operator=OperatorId(log_in.operator) if log_in.operator else None,
        districts=frozenset(log_in.districts) or None,  # type: ignore[arg-type]
    )


def new_password() -> str:
    """Return a password that can be read aloud."""
    groups = ("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)


async def _makers(tx: Transaction, pack: CityPack, before: Issued) -> tuple[MakerKey, ...]:
    """Return the keys that were told already, and fresh ones of makers that have none."""
    told = {key.key_id: key for key in before.makers}
    wanted = [
        MakerKey(maker=maker.maker_id, key_id=f"{maker.maker_id}-1", secret=new_token("mk").token)
        for maker in pack.makers
    ]
    listed = [
        told.get(fresh.key_id, fresh)
        for fresh in wanted
        if fresh.key_id in told or not await machine_key_exists(tx, fresh.key_id)
    ]
    return tuple(listed)


async def _make_makers(
    database: Database, pack: CityPack, told: tuple[MakerKey, ...], report: LoadReport, wall: datetime
) -> None:
    names = {maker.maker_id: maker.name_zh for maker in pack.makers}
    for key in told:
        async with database.write() as tx:
            made = await ensure_maker_key(
                tx, key.key_id, MakerId(key.maker), names[MakerId(key.maker)], secret=key.secret, at=wall
            )
        report.count("maker keys", "unchanged" if made is None else "created")
    report.count("maker keys", "unchanged", len(pack.makers) - len(told))


def _merchants(pack: CityPack, build: CityBuild, before: Issued) -> tuple[MerchantToken, ...]:
    """Return a token of every merchant: the one that was told, or a fresh one (a merchant may have many)."""
    told = {token.merchant: token for token in before.merchants}
    return tuple(
        told.get(merchant.merchant_id)
        or MerchantToken(
            merchant=merchant.merchant_id,
            district=merchant.district,
            name=merchant.name_zh,
            token=new_token(TOKEN_PREFIX).token,
        )
        for merchant in merchants_of(pack, build)
    )


async def _make_merchants(
    database: Database, told: tuple[MerchantToken, ...], report: LoadReport, wall: datetime
) -> None:
    async with database.write() as tx:
        for token in told:
            made = await ensure_merchant_token(
                tx, MerchantId(token.merchant), token.name, token=token.token, at=wall
            )
            report.count("merchant tokens", "unchanged" if made is None else "created")


async def _vehicles(
    database: Database, pack: CityPack, build: CityBuild, keypad_root: str, with_demo: bool
) -> tuple[IssuedVehicle, ...]:
    known = await known_vehicles(database)
    return tuple(
        _issued_vehicle(
            vehicle,
            known[vehicle.maker_serial].vehicle_no,
            known[vehicle.maker_serial].code,
            keypad_root,
            _slots_of(pack, vehicle),
        )
        for vehicle in roster_vehicles(pack, build, with_demo=with_demo)
        if vehicle.maker_serial in known
    )


def _issued_vehicle(
    vehicle: RosterVehicle,
    number: VehicleNo,
    code: str | None,
    keypad_root: str,
    slots: tuple[IssuedBox, ...],
) -> IssuedVehicle:
    model = vehicle.model
    boxes = tuple(
        IssuedBox(
            number=index,
            label=box.compartment,
            litres=box.litres,
            max_kg=box.max_kg,
            temperature=box.temperature,
        )
        for index, box in enumerate(model.compartments, 1)
    )
    return IssuedVehicle(
        vehicle_no=number,
        code=code or "",
        service=vehicle.service.value,
        district=vehicle.district,
        maker=model.maker,
        model=model.model,
        software=model.software,
        top_speed_kmh=model.top_speed_kmh,
        battery_wh=model.battery_wh,
        consumption_wh_km=model.consumption_wh_km,
        keypad_key=keypad_key(keypad_root, number).hex(),
        lat=vehicle.spot.lat,
        lng=vehicle.spot.lng,
        heading_deg=vehicle.spot.heading_deg,
        boxes=boxes or slots,
        is_demo=vehicle.is_demo,
    )


def _slots_of(pack: CityPack, vehicle: RosterVehicle) -> tuple[IssuedBox, ...]:
    """Return the doors of a vehicle that sells: one for each slot of the planogram."""
    if vehicle.service is not ServiceKind.VENDING:
        return ()
    return tuple(
        IssuedBox(number=number, label=f"{number:02d}", litres=0.0, max_kg=0.0, temperature=slot.temperature)
        for number, slot in enumerate(pack.vending_slots, 1)
    )
