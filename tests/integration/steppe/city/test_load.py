"""Loading a city: everything is there once, a second load changes nothing, another folder is another city."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from core.auth.api_tokens import principal_of_token
from core.auth.machines import machine_of_key
from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING
from core.auth.staff import StaffStore
from core.database import Database
from core.errors import Conflict
from core.ids import VehicleNo
from core.privacy.cipher import SecretKeys
from core.privacy.encrypted import install_keys
from fleet.vehicles.codes import CodeStatus, has_valid_check_character, parse_code
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.paper_store import CodeStore, PaperStore
from fleet.vehicles.store import VehicleFilter, VehicleStore
from geofences import shapes
from geofences.store import FenceStore
from services.delivery.keypad import keypad_key
from services.delivery.store import CatalogueStore, CompartmentStore
from services.delivery.tables import goods
from services.places.place import PlaceKind
from services.places.store import PlaceStore
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore
from services.sweeping.zone_store import ZoneStore
from steppe.city.build import CityBuild, build_city
from steppe.city.fences import operating_area
from steppe.city.fleet import code_layout
from steppe.city.hand_out import hand_out
from steppe.city.issued import Issued, read_issued
from steppe.city.load import load_facts
from steppe.city.pack import CityPack
from steppe.city.reading import read_pack
from steppe.city.report import LoadReport

pytestmark = [
    pytest.mark.xdist_group("load"),  # the city is built once
    pytest.mark.usefixtures("keys"),
]

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
ROOT = "a-keypad-root-of-at-least-32-characters"
TINY = "tests/fixtures/cities/tiny"


@pytest.fixture(scope="module")
def keys() -> None:
    install_keys(SecretKeys(encryption_key="an-encryption-key-" * 3, index_key="an-index-key-" * 4))


@pytest.fixture(scope="module")
def ordos(ordos_data_dir: Path) -> tuple[CityPack, CityBuild]:
    pack = read_pack("ordos")
    return pack, build_city(pack, ordos_data_dir)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[CityPack, CityBuild]:
    pack = read_pack(TINY)
    return pack, build_city(pack, tmp_path_factory.mktemp("tiny"))


async def load(
    database: Database, city: tuple[CityPack, CityBuild], *, partitions: int = 32, with_demo: bool = True
) -> LoadReport:
    return await load_facts(database, *city, partitions=partitions, with_demo=with_demo, at=AT)


async def give(
    database: Database, city: tuple[CityPack, CityBuild], report: LoadReport, data_dir: Path
) -> Issued:
    return await hand_out(
        database,
        *city,
        report,
        data_dir=data_dir,
        keypad_root=ROOT,
        passwords=Passwords.quick(),
        with_demo=True,
        wall=AT,
    )


async def test_the_plans_two_hundred_vehicles_and_six_for_the_demo_are_in_service(
    sqlite_database: Database, ordos: tuple[CityPack, CityBuild]
) -> None:
    await load(sqlite_database, ordos)
    layout = code_layout(ordos[0])
    async with sqlite_database.read() as tx:
        vehicles = await VehicleStore(tx).page(EVERYTHING, VehicleFilter())
        numbers = [vehicle.vehicle_no for vehicle in vehicles]
        codes = await CodeStore(tx).living_of(numbers)
        permits = await PaperStore(tx).permits_of(numbers)
        insurances = await PaperStore(tx).insurances_of(numbers)
        boxes = await CompartmentStore(tx).layouts(numbers)
    assert numbers == list(range(1, 207))
    assert sum(vehicle.is_demo for vehicle in vehicles) == 6
    assert {vehicle.service.value for vehicle in vehicles if vehicle.is_demo} == {"patrol"}
    assert {vehicle.lifecycle for vehicle in vehicles} == {Lifecycle.IN_SERVICE}
    assert len({record.code for record in codes.values()}) == 206
    for vehicle in vehicles:
        record = codes[vehicle.vehicle_no]
        parts = parse_code(layout, record.code)
        assert (parts.district, parts.service) == (vehicle.district, vehicle.service.value)
        assert has_valid_check_character(record.code)
        assert record.status is CodeStatus.ISSUED
        (permit,) = permits[vehicle.vehicle_no]
        assert permit.areas == {operating_area(vehicle.district)}
        assert insurances[vehicle.vehicle_no][0].liability_amount_fen == 500_000_000
    assert codes[VehicleNo(1)].code == "EDS-KB-V-0001-8"
    assert set(boxes) == {vehicle.vehicle_no for vehicle in vehicles if vehicle.service.value == "delivery"}


async def test_every_town_with_sweepers_has_ground_to_sweep_that_nothing_stands_on(
    sqlite_database: Database, ordos: tuple[CityPack, CityBuild]
) -> None:
    report = await load(sqlite_database, ordos)
    assert report.counts["sweeping zones"].created == 30
    async with sqlite_database.read() as tx:
        zones = await ZoneStore(tx).all(EVERYTHING)
        schedules = await ScheduleStore(tx).all(EVERYTHING, kinds=(WorkKind.SWEEPING_RUN,))
    assert {schedule.subject_id for schedule in schedules} == {zone.zone_id for zone in zones}
    assert all(zone.is_synthetic and "合成" in zone.name_zh for zone in zones)
    for town in ordos[1].towns:
        fenced = [shapes.to_geos(ground.area) for ground in town.grounds]
        here = [zone.drawing for zone in zones if zone.district == town.district]
        assert sorted(drawing.kind.value for drawing in here) == ["ground"] * 5 + ["streets"]
        grounds = [shapes.to_geos(drawing.area) for drawing in here if drawing.area]
        assert not any(ground.intersects(other) for ground in grounds for other in fenced)


async def test_a_second_load_changes_nothing_and_says_so(
    database: Database, tiny: tuple[CityPack, CityBuild]
) -> None:
    first = await load(database, tiny)
    assert not first.is_unchanged
    assert {noun: counts.unchanged for noun, counts in first.counts.items() if counts.unchanged} == {}
    second = await load(database, tiny)
    assert second.is_unchanged
    made = {noun: counts.created for noun, counts in first.counts.items()}
    assert {noun: counts.unchanged for noun, counts in second.counts.items()} == made
    assert made == {
        "city": 1,
        "operators": 1,
        "makers": 1,
        "models": 1,
        "rates": 1,
        "holidays": 9,
        "districts": 1,
        "fences": len(tiny[1].towns[0].zones),
        "merchants": 2,
        "goods": 2,
        "pickup points": len(tiny[1].towns[0].of_kind("pickup_point")),
        "places": 9,
        "vehicles": 3,
    }


async def test_everything_the_town_has_is_in_the_stores(
    database: Database, tiny: tuple[CityPack, CityBuild]
) -> None:
    await load(database, tiny)
    town = tiny[1].towns[0]
    async with database.read() as tx:
        fences = await FenceStore(tx).listed(at=AT, reach=EVERYTHING)
        merchants = await CatalogueStore(tx).merchants(town.district)
        depots = await PlaceStore(tx).of_kind(PlaceKind.DEPOT, town.district)
        chargers = await PlaceStore(tx).of_kind(PlaceKind.CHARGER, town.district)
    assert len(fences) == len(town.zones) + 1
    assert {fence.source for fence in fences} == {"tiny: Synthetic sample", "tiny: synthetic"}
    assert all(merchant.is_synthetic for merchant in merchants)
    assert [depot.capacity for depot in depots] == [6]
    assert [charger.capacity for charger in chargers] == [2, 2]


async def test_what_was_sold_stays_sold_when_the_city_is_loaded_again(
    sqlite_database: Database, tiny: tuple[CityPack, CityBuild]
) -> None:
    await load(sqlite_database, tiny)
    async with sqlite_database.write() as tx:
        store = CatalogueStore(tx)
        (merchant, *_) = await store.merchants()
        (thing, *_) = await store.goods_of(merchant.merchant_id)
        await store.reserve(thing.goods_id, 3)
    assert (await load(sqlite_database, tiny)).is_unchanged
    async with sqlite_database.read() as tx:
        left = await tx.scalar(select(func.min(goods.c.stock)))
    assert left == 497


async def test_a_changed_pack_changes_what_it_names_and_nothing_else(
    sqlite_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(TINY, folder)
    before = read_pack(str(folder))
    await load(sqlite_database, (before, build_city(before, tmp_path / "data")))
    for name, old, new in (
        ("goods.toml", "price_fen = 1200", "price_fen = 1300"),
        ("roster.csv", "delivery,3", "delivery,4"),
        ("organisations.toml", "Sample Alpha Operations", "Sample Beta Operations"),
    ):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))
    after = read_pack(str(folder))
    report = await load(sqlite_database, (after, build_city(after, tmp_path / "data")))
    changed = {
        noun: {outcome: n for outcome, n in msgspec.structs.asdict(counts).items() if n}
        for noun, counts in report.counts.items()
        if counts.created or counts.updated or counts.retired
    }
    assert changed == {
        "city": {"updated": 1},
        "operators": {"updated": 1},
        "goods": {"updated": 2},
        "vehicles": {"created": 1, "unchanged": 3},
    }


async def test_the_number_of_partitions_is_fixed_by_the_first_load(
    sqlite_database: Database, tiny: tuple[CityPack, CityBuild]
) -> None:
    await load(sqlite_database, tiny)
    with pytest.raises(Conflict, match="loaded with 32 partitions, which cannot become 16"):
        await load(sqlite_database, tiny, partitions=16)


@pytest.mark.thorough
async def test_without_the_demo_only_the_plan_is_loaded(
    sqlite_database: Database, ordos: tuple[CityPack, CityBuild]
) -> None:
    report = await load(sqlite_database, ordos, with_demo=False)
    assert report.counts["vehicles"].created == 200


async def test_what_is_handed_out_opens_the_doors_it_is_for(
    database: Database, tiny: tuple[CityPack, CityBuild], tmp_path: Path
) -> None:
    report = await load(database, tiny)
    issued = await give(database, tiny, report, tmp_path)
    assert [log_in.username for log_in in issued.staff] == [
        *("dispatcher-aa", "remote-aa-01", "remote-aa-02", "crew-aa")
    ]
    async with database.read() as tx:
        secrets = await StaffStore(tx).secrets_of("dispatcher-aa")
        machine = await machine_of_key(tx, issued.makers[0].key_id, issued.makers[0].secret)
        merchant = await principal_of_token(tx, issued.merchants[0].token, at=AT)
    assert secrets is not None
    assert (await Passwords.quick().check(issued.staff[0].password, secrets.password_hash))[0]
    assert secrets.totp_secret == issued.staff[0].totp_secret
    assert (machine.kind, machine.subject) == ("maker", "maker-aa")
    assert merchant.merchant == issued.merchants[0].merchant
    assert bytes.fromhex(issued.vehicles[0].keypad_key) == keypad_key(ROOT, VehicleNo(1))
    assert len({(vehicle.lat, vehicle.lng) for vehicle in issued.vehicles}) == 3


async def test_what_was_handed_out_is_kept_for_the_next_load_and_hidden_from_others(
    sqlite_database: Database, tiny: tuple[CityPack, CityBuild], tmp_path: Path
) -> None:
    first = await give(sqlite_database, tiny, await load(sqlite_database, tiny), tmp_path)
    report = await load(sqlite_database, tiny)
    assert await give(sqlite_database, tiny, report, tmp_path) == first == read_issued(tmp_path)
    assert report.is_unchanged
    assert os.stat(tmp_path / "issued.json").st_mode & 0o777 == 0o600


async def test_an_account_whose_password_was_not_told_here_is_left_alone(
    sqlite_database: Database, tiny: tuple[CityPack, CityBuild], tmp_path: Path
) -> None:
    await give(sqlite_database, tiny, await load(sqlite_database, tiny), tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    report = await load(sqlite_database, tiny)
    issued = await give(sqlite_database, tiny, report, elsewhere)
    assert (issued.staff, issued.makers) == ((), ())
    assert report.counts["staff accounts"].unchanged == 4


def test_the_report_reads_like_a_sentence() -> None:
    report = LoadReport(city="tiny", is_built_anew=True)
    report.count("fences", "created", 3)
    report.count("fences", "retired")
    report.count("merchants", "created", 0)
    assert report.lines() == ["fences     3 created, 1 retired", "merchants  none"]
