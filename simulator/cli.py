"""``simulate``: vehicles and people over the public protocols, with the credentials they were issued."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import structlog

from simulator.clock import CityClock
from simulator.issued import GivenStaff, Issued, IssuedError, first_vehicles, read_issued
from simulator.keypad_page import KeypadServer
from simulator.memory_file import MemoryFile
from simulator.people.api import Api
from simulator.people.callers import Callers
from simulator.people.collecting import Collecting, TypeCode
from simulator.people.counter import Counter
from simulator.people.crews import Crew
from simulator.people.desk import StaffDesk
from simulator.people.merchants import Merchant
from simulator.people.operators import Operator
from simulator.people.pace import Pace, Sessions, learn_city_time
from simulator.people.parcels import Station
from simulator.people.residents import Residents
from simulator.people.shoppers import Shoppers
from simulator.people.weather_officer import WeatherOfficer
from simulator.script import Script, ScriptError, read_script
from simulator.world import World

PARTS = ("vehicles", "merchants", "residents", "operators", "crews", "weather")
SPEED_TOLERANCE = 1e-6
WITHOUT_SMARTPHONE = 0.1
"""Calls of the hotline for goods of vending vehicles, as a share of trips to them."""

_log = structlog.get_logger("simulator")


@click.command()
@click.option("--issued", "issued_path", type=click.Path(path_type=Path), required=True, help="Credentials.")
@click.option("--gateway", "gateway_url", default="http://127.0.0.1:8010", show_default=True)
@click.option("--api", "api_url", default="http://127.0.0.1:8000", show_default=True)
@click.option("--vehicles", type=click.IntRange(0), default=None, help="How many of the issued ones; all.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 60),
    default=None,
    help="City seconds a second that the city is expected to run at; stops when it says another.",
)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--outages",
    "outages_per_hour",
    type=click.FloatRange(0),
    default=0.3,
    show_default=True,
    help="Losses of the network of one vehicle in an hour of the city.",
)
@click.option(
    "--sensor-faults",
    "sensor_faults_per_hour",
    type=click.FloatRange(0),
    default=0.01,
    show_default=True,
    help="Blocked sensors of one vehicle in an hour of the city; each is an alarm until it is wiped.",
)
@click.option(
    "--takeovers",
    "takeovers_per_hour",
    type=click.FloatRange(0),
    default=0.1,
    show_default=True,
    help="Blocked ways of one vehicle in an hour of driving; each asks for a remote operator.",
)
@click.option(
    "--findings",
    "findings_per_100",
    type=click.FloatRange(0, 100),
    default=4.0,
    show_default=True,
    help="Of 100 checkpoints, how many have something amiss in any two hours of the city.",
)
@click.option(
    "--orders-per-day",
    type=click.FloatRange(0),
    default=400.0,
    show_default=True,
    help="Orders of all simulated residents in a day of the city.",
)
@click.option(
    "--shopping-per-day",
    type=click.FloatRange(0),
    default=200.0,
    show_default=True,
    help="Trips of all residents to vending vehicles in a day of the city; a tenth as many telephone.",
)
@click.option("--residents/--no-residents", default=True, help="Residents that order by themselves.")
@click.option("--patient-shop", "patient_shops", multiple=True,
              help="A shop that leaves whoever opens its page time to act; no resident orders.")  # fmt: skip
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only these; everybody.")
@click.option("--keypad-port", type=int, default=0, show_default=True, help="0 serves no keypads.")
@click.option("--keypad-host", default="127.0.0.1", show_default=True)
@click.option("--script", "script_path", type=click.Path(path_type=Path), default=None,
              help="What is bound to happen: cold, failures, network holes, who leaves.")  # fmt: skip
@click.option("--memory", "memory_path", type=click.Path(path_type=Path), default=None,
              help="What vehicles remember; simulator.sqlite3 beside the credentials.")  # fmt: skip
def simulate(
    issued_path: Path,
    gateway_url: str,
    api_url: str,
    vehicles: int | None,
    speed: float | None,
    seed: int,
    outages_per_hour: float,
    sensor_faults_per_hour: float,
    takeovers_per_hour: float,
    findings_per_100: float,
    orders_per_day: float,
    shopping_per_day: float,
    residents: bool,
    patient_shops: tuple[str, ...],
    parts: tuple[str, ...],
    keypad_port: int,
    keypad_host: str,
    script_path: Path | None,
    memory_path: Path | None,
) -> None:
    """Vehicles, merchants, residents, remote operators and crews over the public protocols only."""
    _log_to_stdout()
    try:
        issued, script = read_issued(issued_path), read_script(script_path)
    except (IssuedError, ScriptError) as error:
        raise click.ClickException(str(error)) from error
    if vehicles is not None:
        issued = first_vehicles(issued, vehicles)
    wanted = set(parts or PARTS) - (set() if residents else {"residents"})
    memory = memory_path or issued_path.with_name("simulator.sqlite3")
    keypad_url = f"http://{keypad_host}:{keypad_port}" if keypad_port else None
    plays = _Plays(
        issued, gateway_url, api_url, seed=seed, outages_per_hour=outages_per_hour, keypad_url=keypad_url,
        sensor_faults_per_hour=sensor_faults_per_hour, orders_per_day=orders_per_day,
        takeovers_per_hour=takeovers_per_hour, findings_per_100=findings_per_100, script=script,
        shopping_per_day=shopping_per_day, patient_shops=frozenset(patient_shops),
    )  # fmt: skip
    raise SystemExit(asyncio.run(plays.run(wanted, memory, keypad_host, keypad_port, speed)))


class _Plays:
    """Everybody who is played, in one event loop."""

    def __init__(
        self,
        issued: Issued,
        gateway_url: str,
        api_url: str,
        *,
        seed: int,
        outages_per_hour: float,
        sensor_faults_per_hour: float,
        takeovers_per_hour: float,
        findings_per_100: float,
        keypad_url: str | None,
        orders_per_day: float,
        shopping_per_day: float,
        script: Script,
        patient_shops: frozenset[str],
    ) -> None:
        self._issued = issued
        self._gateway_url = gateway_url
        self._api_url = api_url
        self._seed = seed
        self._outages = outages_per_hour
        self._sensor_faults = sensor_faults_per_hour
        self._takeovers = takeovers_per_hour
        self._findings = findings_per_100
        self._keypad_url = keypad_url
        self._orders_per_day = orders_per_day
        self._shopping_per_day = shopping_per_day
        self._script = script
        self._patient_shops = patient_shops
        self._clock = CityClock()

    async def run(
        self, parts: set[str], memory: Path, keypad_host: str, keypad_port: int, speed: float | None
    ) -> int:
        """Play until SIGINT or SIGTERM; return the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        work: list[Coroutine[Any, Any, None]] = []
        memories = MemoryFile(memory)
        world: World | None = None
        if "vehicles" in parts:
            world = World(
                self._issued,
                self._gateway_url,
                memories,
                seed=self._seed,
                outages_per_hour=self._outages,
                sensor_faults_per_hour=self._sensor_faults,
                has_crews="crews" in parts,
                takeovers_per_hour=self._takeovers,
                findings_per_100=self._findings,
                clock=self._clock,
                script=self._script,
            )
            _log.info("vehicles", count=len(world.vehicles), makers=len(world.clouds))
            work.append(world.run(stop))
            if keypad_port:
                work.append(KeypadServer(world, keypad_host, keypad_port).run(stop))
        api = Api(self._api_url)
        pace = Pace(self._clock, stop, quiet_after_ms=self._script.quiet_after_ms)
        work += self._people(parts, api, pace, memories.sessions(), world)
        refused = False
        if speed is not None and "vehicles" in parts:
            work.append(self._check_speed(speed, stop))
        try:
            await all_until(stop, work)
        except _WrongSpeed as error:
            _log.error("wrong_speed", **error.said)
            refused = True
        finally:
            await api.close()
            memories.close()
        return 1 if refused else 0

    def _people(
        self, parts: set[str], api: Api, pace: Pace, sessions: Sessions, world: World | None
    ) -> list[Coroutine[Any, Any, None]]:
        work: list[Coroutine[Any, Any, None]] = []
        if parts & {"merchants", "residents", "operators", "crews", "weather"}:
            work.append(learn_city_time(api, pace))
        if "merchants" in parts:
            # a shop that serves somebody's trial alone stays as that somebody finds it
            work += [
                Merchant(
                    given, api, pace, self._seed,
                    has_moods="residents" in parts, is_patient=given.merchant in self._patient_shops,
                ).run()
                for given in self._issued.merchants
            ]  # fmt: skip
        # heartbeats do not queue behind shops and shoppers
        desk, door = Api(self._api_url), asyncio.Semaphore(2)
        if "operators" in parts:
            staff = [given for given in self._issued.staff if given.role == "remote_operator"]
            work += [
                Operator(given, desk, pace, self._seed, sessions, door, world, self._script).run()
                for given in staff
            ]
        if "crews" in parts:
            # the account without a place is left to whoever looks at the crew's page
            crew = [given for given in self._issued.staff if given.role == "crew" and "-" in given.username]
            desks = [StaffDesk(given, desk, pace, sessions, door) for given in crew]
            work += [Crew(each, pace, self._seed, world).run() for each in desks]
        counter = self._counter(desk, pace, sessions, door)
        if counter is not None and "residents" in parts:
            work.append(counter.run())
        if "weather" in parts:
            # the city's own account is left to whoever looks
            officers = [given for given in self._issued.staff if given.username == "weather-desk"]
            at = [vehicle.district for vehicle in self._issued.vehicles]
            places = sorted(set(at), key=lambda place: (-at.count(place), place))
            work += [
                WeatherOfficer(
                    StaffDesk(given, desk, pace, sessions, door), pace, self._seed, places, self._script.air_c
                ).run()
                for given in officers
            ]
        if "residents" in parts:
            residents = Residents(
                api,
                pace,
                Collecting(api, self._keypad()),
                self._issued.districts(),
                seed=self._seed,
                orders_per_day=self._orders_per_day,
                sessions=sessions,
                counter=counter,
                shuns=self._patient_shops,
            )
            work.append(residents.run())
            hands = Collecting(api, self._keypad())
            stations = [Station(given, api, pace, hands, self._seed) for given in self._issued.merchants]
            work += [station.run() for station in stations]
            shoppers = Shoppers(
                api,
                pace,
                self._issued.districts("vending"),
                seed=self._seed,
                per_day=self._shopping_per_day,
                sessions=sessions,
            )
            work.append(shoppers.run())
            work += self._callers(desk, pace, sessions, door)
        return work

    def _counter(self, desk: Api, pace: Pace, sessions: Sessions, door: asyncio.Semaphore) -> Counter | None:
        """Return the service point, None where the city has nobody for it."""
        given = self._service_point()
        if given is None:
            return None
        return Counter(StaffDesk(given, desk, pace, sessions, door), pace, self._seed)

    def _callers(
        self, desk: Api, pace: Pace, sessions: Sessions, door: asyncio.Semaphore
    ) -> list[Coroutine[Any, Any, None]]:
        """Return who telephones the hotline: nobody where nobody serves it or no keypad can be typed at."""
        given, type_code = self._service_point(), self._keypad()
        if given is None or type_code is None:
            return []
        staff = StaffDesk(given, desk, pace, sessions, door)
        per_day = self._shopping_per_day * WITHOUT_SMARTPHONE
        return [Callers(staff, desk, pace, type_code, seed=self._seed, per_day=per_day).run()]

    def _service_point(self) -> GivenStaff | None:
        """Return the account that serves people at the counter and on the telephone."""
        found = (given for given in self._issued.staff if given.username.startswith("lead-counter"))
        return next(found, None)

    def _keypad(self) -> TypeCode | None:
        """Return how residents type at a vehicle: at its keypad page, as anybody would."""
        url = self._keypad_url
        if url is None:
            return None
        keypads = Api(url)

        async def type_code(vehicle_code: str, code: str) -> bool:
            answer = await keypads.call("POST", f"/keypad/{vehicle_code}", body={"code": code})
            return answer.is_good and answer.body.get("result") == "opened"

        return type_code

    async def _check_speed(self, speed: float, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._clock.is_known and abs(self._clock.rate - speed) > SPEED_TOLERANCE:
                raise _WrongSpeed(expected=speed, city=self._clock.rate)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)


class _WrongSpeed(Exception):
    def __init__(self, **said: float) -> None:
        super().__init__()
        self.said = said


async def all_until(stop: asyncio.Event, work: list[Coroutine[Any, Any, None]]) -> None:
    """Run everything until `stop`; a part may be over before. When one fails the others are told to stop and
    the error is raised."""
    tasks = [asyncio.create_task(each) for each in work]
    waiting = asyncio.create_task(stop.wait())
    playing = {waiting, *tasks}
    try:
        while not stop.is_set():
            done, playing = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        stop.set()
        waiting.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_to_stdout() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
