"""The processes of a city on one machine, with the stores they need: what ``up`` and ``demo`` run."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from core.clock import Clock
from core.settings import Settings, child_environment
from core.supervision import stop_on_signals
from core.valkey import EmbeddedValkey
from steppe.schema import upgrade
from steppe.supervisor import ChildSpec, Supervisor, steppe_program, stop_process

type Say = Callable[[str], None]

PROCESSES: tuple[ChildSpec, ...] = (
    ChildSpec(name="api", words=("api",)),
    ChildSpec(name="gateway", words=("gateway",)),
    ChildSpec(name="tracker", words=("tracker",)),
    ChildSpec(name="archiver", words=("archiver",)),
    ChildSpec(name="scheduler", words=("scheduler",)),
    ChildSpec(name="worker-dispatch", words=("worker", "--queue", "dispatch")),
    ChildSpec(name="worker-jobs", words=("worker", "--queue", "jobs")),
)


class Plant:
    """Stores and processes of one data folder. Use as: open(), run(), close()."""

    def __init__(self, settings: Settings, variables: Mapping[str, str], say: Say) -> None:
        """Take settings, the variables that children get on top of ours, and what prints a line."""
        self._settings = settings
        self._say = say
        self._valkey: EmbeddedValkey | None = None
        self._valkey_stop = asyncio.Event()
        self._valkey_task: asyncio.Task[None] | None = None
        self.log_dir = settings.data_dir.absolute() / "log"
        self.environment = child_environment(
            {
                **variables,
                "STEPPE_DATA_DIR": str(settings.data_dir.absolute()),
                "STEPPE_DATABASE__URL": settings.database_url,
            }
        )

    async def open(self) -> None:
        """Start the embedded Valkey unless an address is set, and bring the schema to this version."""
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        if self._settings.redis.url is None:
            self._say("starting the embedded Valkey")
            folder = self._settings.data_dir / "valkey"
            self._valkey = EmbeddedValkey(folder, Clock.real(), binary=self._settings.redis.binary)
            await self._valkey.start()
            self.environment["STEPPE_REDIS__URL"] = self._valkey.url
            self._valkey_task = asyncio.create_task(self._valkey.run(self._valkey_stop))
        self._say(await asyncio.to_thread(upgrade, self._settings.database_url))

    async def run(self, stop: asyncio.Event, specs: Sequence[ChildSpec] = PROCESSES) -> None:
        """Keep the processes running until `stop`, then stop them."""
        supervisor = Supervisor(specs, environment=self.environment, log_dir=self.log_dir, say=self._say)
        await supervisor.run(stop)

    async def close(self) -> None:
        """Stop the embedded Valkey, after everybody who needs it."""
        if self._valkey_task is not None:
            self._valkey_stop.set()
            await self._valkey_task

    async def command(self, *words: str, stop: asyncio.Event) -> int:
        """Run one of our commands to its end, or end it at `stop`; its output is the terminal's.

        Return its exit code, negative for the signal that ended it.
        """
        # a session of its own, so that Ctrl-C reaches it through us: one sentence instead of two
        process = await asyncio.create_subprocess_exec(
            *steppe_program(), *words, env=self.environment, start_new_session=True
        )
        ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            await stop_process(process)
        return await ended


async def run_plant(plant: Plant, specs: Sequence[ChildSpec] = PROCESSES) -> None:
    """Open, run until SIGINT or SIGTERM, close."""
    async with stop_on_signals() as stop:
        try:
            await plant.open()
            await plant.run(stop, specs)
        finally:
            await plant.close()
