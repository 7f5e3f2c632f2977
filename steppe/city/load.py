"""Puts a city into the database. Doing it again changes nothing and says so."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select, update

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction, insert_new
from core.errors import Conflict
from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.readiness.check import ReadinessRule
from fleet.readiness.store import ReadinessStore
from fleet.vehicles.inspection_store import InspectionStore
from fleet.vehicles.inspections import InspectionRule
from fleet.vehicles.issue_code import issue_code
from fleet.vehicles.paper_store import Company, CompanyStore, VehicleModel
from fleet.vehicles.paper_store import Maker as MakerFact
from fleet.vehicles.register_vehicle import grant_permit, insure_vehicle, put_in_service, register_vehicle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.store import WeatherStore
from geofences.fences import FenceDraft
from geofences.publishing import sync_fences
from services.charging.store import ChargerStore
from services.delivery.catalogue import Goods
from services.delivery.store import CatalogueStore, CompartmentStore
from services.merchants.forbidden_store import ForbiddenStore
from services.merchants.store import DeskStore
from services.places.place import PlaceKind
from services.places.store import PlaceStore
from services.schedules.store import ScheduleStore
from services.settlement.store import TermsStore
from services.settlement.terms import Terms
from steppe.city.beats import demo_beats, put_beat
from steppe.city.build import CityBuild, Progress
from steppe.city.chargers import chargers_of
from steppe.city.commerce import first_desks, goods_of, merchants_of, pickup_points_of, service_places_of
from steppe.city.days import holiday_days
from steppe.city.fences import border_drafts, border_source, zone_drafts, zone_source
from steppe.city.fleet import (
    RosterVehicle,
    boxes_of,
    code_layout,
    insurance_of,
    last_inspection,
    new_vehicle,
    permit_of,
    roster_vehicles,
)
from steppe.city.forbidden import forbidden_of
from steppe.city.pack import CityPack
from steppe.city.report import LoadReport
from steppe.city.stock import stock_vehicles
from steppe.city.sweeping import put_sweeping
from steppe.city.tables import cities
from steppe.city.weather import weather_limits_of

BY: Final = "city load"
VEHICLES_A_TRANSACTION: Final = 20
"""Short transactions: a running city writes in between (SQLite has one writer)."""
STEPS: Final = 3


async def load_facts(
    database: Database,
    pack: CityPack,
    build: CityBuild,
    *,
    partitions: int,
    with_demo: bool,
    at: datetime,
    progress: Progress = lambda _what, _done, _of: None,
) -> LoadReport:
    """Make the database hold this city and return what that took.

    Facts that people may have changed since (stock, papers, codes, duties of a known vehicle) are left as
    they are. ``with_demo`` adds the vehicles beyond the plan. Raises Conflict when the city was loaded
    with another number of partitions.
    """
    report = LoadReport(city=pack.city.name, is_built_anew=build.is_fresh)
    async with database.write() as tx:
        await _city(tx, pack, build, partitions, report, at)
        await _companies(tx, pack, report)
        await _rates(tx, pack, report, at)
        await _holidays(tx, pack, report)
    progress("fences", 0, STEPS)
    async with database.write() as tx:
        await _fences(tx, report, "districts", border_drafts(pack), border_source(pack), at)
        await _fences(tx, report, "fences", zone_drafts(pack, build), zone_source(pack), at)
    progress("merchants, pickup points, places", 1, STEPS)
    async with database.write() as tx:
        await _commerce(tx, pack, build, report, at)
    async with database.write() as tx:
        await _places(tx, build, report)
    if with_demo:
        async with database.write() as tx:
            made, known = await put_sweeping(tx, pack, build, at=at)
        if made or known:
            report.count("sweeping zones", "created", made)
            report.count("sweeping zones", "unchanged", known)
    progress("vehicles", 2, STEPS)
    wanted = roster_vehicles(pack, build, with_demo=with_demo)
    for some in batched(wanted, VEHICLES_A_TRANSACTION):
        async with database.write() as tx:
            await _vehicles(tx, pack, some, partitions, report, at)
    if with_demo:
        async with database.write() as tx:
            await _beats(tx, pack, build, report, at)
    async with database.write() as tx:
        registered = await _by_serial(tx)
        await stock_vehicles(tx, pack, list(registered.values()), report, at)
    progress("", STEPS, STEPS)
    return report


async def known_vehicles(database: Database) -> dict[str, Vehicle]:
    """Return every registered vehicle by the serial on its plate."""
    async with database.read() as tx:
        return await _by_serial(tx)


async def _city(
    tx: Transaction, pack: CityPack, build: CityBuild, partitions: int, report: LoadReport, at: datetime
) -> None:
    row = {
        "name": pack.city.name,
        "code": pack.city.code,
        "pack_digest": pack.digest,
        "build_digest": build.digest,
        "partitions": partitions,
        "loaded_at": at,
    }
    if await insert_new(tx, cities, row):
        report.count("city", "created")
        return
    before = (await tx.execute(select(cities).where(cities.c.name == pack.city.name))).mappings().one()
    if before["partitions"] != partitions:
        raise Conflict(
            "conflict",
            f"the city was loaded with {before['partitions']} partitions, which cannot become {partitions}",
            was=before["partitions"],
            wanted=partitions,
        )
    is_same = all(before[key] == row[key] for key in ("code", "pack_digest", "build_digest"))
    report.count("city", "unchanged" if is_same else "updated")
    if not is_same:
        await tx.execute(update(cities).where(cities.c.name == pack.city.name).values(row))


async def _companies(tx: Transaction, pack: CityPack, report: LoadReport) -> None:
    store = CompanyStore(tx)
    companies = [
        Company(
            operator_id=operator.operator_id,
            name_zh=operator.name_zh,
            name_en=operator.name_en,
            telephone=operator.telephone,
        )
        for operator in pack.operators
    ]
    makers = [
        MakerFact(maker_id=maker.maker_id, name_zh=maker.name_zh, name_en=maker.name_en)
        for maker in pack.makers
    ]
    models = [
        VehicleModel(model=model.model, maker=model.maker, battery_wh=model.battery_wh)
        for model in pack.models
    ]
    known_companies, known_makers = await store.companies(), await store.makers()
    for company in _changed(report, "operators", companies, known_companies, lambda c: c.operator_id):
        await store.put_company(company)
    for maker in _changed(report, "makers", makers, known_makers, lambda m: m.maker_id):
        await store.put_maker(maker)
    for model in _changed(report, "models", models, await store.models(), lambda m: m.model):
        await store.put_model(model)


async def _rates(tx: Transaction, pack: CityPack, report: LoadReport, at: datetime) -> None:
    """Agree the pack's rates with operators that have none; what people agreed since is theirs."""
    store = TermsStore(tx)
    known = {terms.operator for terms in await store.listed(None)}
    for operator in pack.operators:
        if operator.operator_id in known:
            report.count("rates", "unchanged")
            continue
        report.count("rates", "created")
        await store.agree(
            Terms(
                operator=operator.operator_id,
                from_at=at,
                platform_fee_bp=operator.platform_fee_bp,
                subsidy_fen=operator.subsidy_fen,
                keeps_fee_when_missed=operator.keeps_fee_when_missed,
                agreed_at=at,
                agreed_by=BY,
                reason="city pack",
            )
        )


async def _holidays(tx: Transaction, pack: CityPack, report: LoadReport) -> None:
    days, store = holiday_days(pack.holidays), ScheduleStore(tx)
    known = await store.holidays()
    _changed(report, "holidays", days, dict(known), lambda holiday: holiday.day)
    gone = set(await store.put_holidays(days)) - {holiday.day for holiday in days}
    report.count("holidays", "retired", len(gone))


async def _fences(
    tx: Transaction, report: LoadReport, noun: str, drafts: list[FenceDraft], source: str, at: datetime
) -> None:
    done = await sync_fences(tx, drafts, source=source, at=at, by=BY)
    report.count(noun, "created", done.added)
    report.count(noun, "updated", done.redrawn)
    report.count(noun, "unchanged", done.unchanged)
    report.count(noun, "retired", done.retired)


async def _commerce(
    tx: Transaction, pack: CityPack, build: CityBuild, report: LoadReport, at: datetime
) -> None:
    store = CatalogueStore(tx)
    merchants, points = merchants_of(pack, build), pickup_points_of(build)
    known_merchants = {merchant.merchant_id: merchant for merchant in await store.merchants()}
    known_points = {point.pickup_point_id: point for point in await store.pickup_points()}
    for merchant in _changed(report, "merchants", merchants, known_merchants, lambda m: m.merchant_id):
        await store.put_merchant(merchant)
    for gone in _gone(report, "merchants", merchants, known_merchants, lambda m: m.merchant_id):
        await store.put_merchant(msgspec.structs.replace(gone, is_active=False))
    for desk in first_desks(pack, build, at.astimezone(ZoneInfo(pack.city.time_zone)).date()):
        is_new = await DeskStore(tx).start(desk)
        report.count("food licences", "created" if is_new else "unchanged")
    await ForbiddenStore(tx).put(forbidden_of(pack))
    goods = goods_of(pack, build)
    known_goods = await store.goods_by_id([thing.goods_id for thing in goods])
    stocked = [_as_people_left_it(thing, known_goods.get(thing.goods_id)) for thing in goods]
    for thing in _changed(report, "goods", stocked, known_goods, lambda g: g.goods_id):
        await store.put_goods(thing)
    for point in _changed(report, "pickup points", points, known_points, lambda p: p.pickup_point_id):
        await store.put_pickup_point(point)
    for gone_point in _gone(report, "pickup points", points, known_points, lambda p: p.pickup_point_id):
        await store.put_pickup_point(msgspec.structs.replace(gone_point, is_active=False))


async def _places(tx: Transaction, build: CityBuild, report: LoadReport) -> None:
    store, places = PlaceStore(tx), service_places_of(build)
    known = {
        place.place_id: place
        for kind in PlaceKind
        for town in build.towns
        for service in (None, *ServiceKind)
        for place in await store.of_kind(kind, town.district, service=service)
    }
    for place in _changed(report, "places", places, known, lambda p: p.place_id):
        await store.put(place)
    for gone in _gone(report, "places", places, known, lambda p: p.place_id):
        await store.put(msgspec.structs.replace(gone, is_active=False))
    kept = {each.place_id for each in await ChargerStore(tx).within(None)}
    for charger in chargers_of(build):
        if charger.place_id not in kept:
            await ChargerStore(tx).put(charger)


async def _vehicles(
    tx: Transaction,
    pack: CityPack,
    wanted: Sequence[RosterVehicle],
    partitions: int,
    report: LoadReport,
    at: datetime,
) -> None:
    known = await _by_serial(tx)
    every_days = pack.fleet.inspection_every_days
    if every_days and not await InspectionStore(tx).rules():
        await InspectionStore(tx).put_rule(InspectionRule(every_days=every_days))
    await _daily_check(tx, pack, at)
    await _weather_limits(tx, pack, at)
    for vehicle in wanted:
        if vehicle.maker_serial in known:
            report.count("vehicles", "unchanged")
        else:
            await _register(tx, pack, vehicle, partitions, at)
            report.count("vehicles", "created")


async def _beats(tx: Transaction, pack: CityPack, build: CityBuild, report: LoadReport, at: datetime) -> None:
    fleet = await VehicleStore(tx).page(EVERYTHING, VehicleFilter(services=frozenset({ServiceKind.PATROL})))
    for planned in demo_beats(pack, build.towns, fleet, at=at):
        is_new = await put_beat(tx, planned, at=at)
        report.count("patrol beats", "created" if is_new else "unchanged")


async def _daily_check(tx: Transaction, pack: CityPack, at: datetime) -> None:
    """Ask for the daily check where the pack does and nobody has said anything of it."""
    if pack.fleet.daily_check and not await ReadinessStore(tx).rules():
        by, why = f"city pack {pack.city.code}", "city pack"
        rule = ReadinessRule(version=1, is_required=True, by_name=by, reason=why, at=at)
        await ReadinessStore(tx).add_rule(rule)


async def _weather_limits(tx: Transaction, pack: CityPack, at: datetime) -> None:
    """Give every service that has no limits yet those of the pack; what people set since stays."""
    held = await WeatherStore(tx).limits()
    for limits in weather_limits_of(pack.fleet.weather_limits, city=pack.city.code, at=at):
        if limits.service not in held:
            await WeatherStore(tx).add_limits(limits)


async def _register(
    tx: Transaction, pack: CityPack, vehicle: RosterVehicle, partitions: int, at: datetime
) -> VehicleNo:
    """Register a vehicle with its papers, its code and its boxes, and put it in service."""
    registered = await register_vehicle(tx, None, new_vehicle(pack, vehicle), partitions=partitions, at=at)
    number = registered.vehicle_no
    await grant_permit(tx, None, permit_of(pack, vehicle, number, at=at), EVERYTHING, at=at)
    await insure_vehicle(tx, None, insurance_of(pack, number, at=at), EVERYTHING, at=at)
    await issue_code(tx, None, code_layout(pack), number, EVERYTHING, serial=vehicle.serial, at=at)
    boxes = boxes_of(vehicle.model)
    if boxes:
        await CompartmentStore(tx).put_layout(number, boxes)
    await put_in_service(tx, None, number, EVERYTHING, at=at)
    if pack.fleet.inspection_every_days:
        await InspectionStore(tx).inspected(number, at=last_inspection(pack, number, at=at))
    return number


async def _by_serial(tx: Transaction) -> dict[str, Vehicle]:
    vehicles = await VehicleStore(tx).page(EVERYTHING, VehicleFilter())
    return {vehicle.maker_serial: vehicle for vehicle in vehicles}


def _changed[K, T](
    report: LoadReport, noun: str, wanted: Iterable[T], known: dict[K, T], key: Callable[[T], K]
) -> list[T]:
    """Count and return what is not known as it should be."""
    todo = []
    for thing in wanted:
        before = known.get(key(thing))
        if before == thing:
            report.count(noun, "unchanged")
        else:
            report.count(noun, "created" if before is None else "updated")
            todo.append(thing)
    return todo


def _gone[K, T](
    report: LoadReport, noun: str, wanted: Iterable[T], known: dict[K, T], key: Callable[[T], K]
) -> list[T]:
    """Count and return what a pack made once and does not name any more; things of other origin stay."""
    named = {key(thing) for thing in wanted}
    gone = [
        thing
        for identity, thing in known.items()
        if identity not in named and getattr(thing, "is_synthetic", False)
    ]
    for _ in gone:
        report.count(noun, "retired")
    return gone


def _as_people_left_it(thing: Goods, known: Goods | None) -> Goods:
    """Return goods with the shelf as it is; what its merchant changed is the merchant's."""
    if known is None:
        return thing
    if known.is_edited:
        return known
    return msgspec.structs.replace(thing, stock=known.stock, is_sold_out=known.is_sold_out)
