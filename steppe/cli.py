"""The ``steppe`` command: one verb for each process, and the ones an administrator types.

Commands import what they run only when they run, so that ``steppe tracker`` does not pay for the api.
"""

import asyncio
import errno
import importlib
import json
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from core.allocator import lend_to_arrow
from core.errors import SteppeError
from core.problems import problem
from core.settings import SettingsError
from steppe.demo_ports import LAST_PORT
from steppe.rehearsal.command import rehearse

PROCESSES = ("api", "gateway", "tracker", "archiver", "scheduler", "worker")


class _Refusal(click.ClickException):
    """An expected error: one sentence on stderr and exit code 1, never a traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence."""
        click.echo(f"steppe: {self.message}", file=file, err=file is None)


class _Steppe(click.Group):
    """The group of all commands; says expected errors of any of them in a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return what people type before what supervisors and scripts start, in the order of this file."""
        return sorted(self.commands, key=lambda name: name in (*PROCESSES, "simulate", "health", "openapi"))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except SteppeError as error:
            raise _Refusal(_said(error)) from error
        except OSError as error:
            raise _Refusal(_told(error)) from error
        except SettingsError as error:
            raise _Refusal(str(error)) from error


def _told(error: OSError) -> str:
    """Return what the system said; of a full disk also what to do."""
    if error.errno != errno.ENOSPC:
        return str(error)
    return "the disk is full: free some of it, or choose another one with --data-dir or STEPPE_DATA_DIR"


def _said(error: SteppeError) -> str:
    """Return code and sentence; the fields too where there is no sentence of its own that names them."""
    return str(error) if error.message == problem(error.code).title else f"{error.code}: {error.message}"


@click.group(cls=_Steppe, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="steppe")
@click.option("--supervised-by", "supervisor_pid", type=int, hidden=True)
def cli(supervisor_pid: int | None) -> None:
    """Steppe: the operations cloud for a city's low-speed unmanned vehicles."""
    lend_to_arrow()
    if supervisor_pid is not None:
        from steppe.supervisor import die_with_supervisor

        die_with_supervisor(supervisor_pid)


def main() -> None:
    """Run the command line."""
    cli()


def _run(program: Coroutine[None, None, None]) -> None:
    import uvloop

    uvloop.run(program)


@cli.command()
@click.option(
    "--rate", type=click.FloatRange(1, 60), default=5, show_default=True, help="City seconds a second."
)
@click.option(
    "--vehicles", type=click.IntRange(1), default=206, show_default=True, help="How many of the city's drive."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where it keeps everything; one demo a folder.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535 - LAST_PORT),
    default=8000,
    show_default=True,
    help="Of the pages; further ones follow up to it + 30.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated people and vehicles.")
@click.option(
    "--residents/--no-residents", default=True, help="Simulated residents that order by themselves."
)
@click.option(
    "--starts-at",
    type=click.DateTime(["%H:%M"]),
    default="09:30",
    show_default=True,
    help="City time of a fresh folder, as 23:50 to watch a day end; later starts go on where it stopped.",
)
def demo(
    rate: float,
    vehicles: int,
    data_dir: Path,
    port: int,
    seed: int,
    residents: bool,
    starts_at: datetime,
) -> None:
    """The whole city with simulated vehicles and people.

    Prints addresses and log-ins; what it keeps is in the data folder, and the next start goes on from there.
    """
    from steppe.demo import DemoOptions, run_demo

    options = DemoOptions(
        rate=rate,
        vehicles=vehicles,
        data_dir=data_dir,
        port=port,
        seed=seed,
        with_residents=residents,
        starts_at=starts_at.time(),
    )
    raise SystemExit(asyncio.run(run_demo(options)))


@cli.command()
def up() -> None:
    """Every process under one supervisor, on this machine.

    With an embedded Valkey and SQLite unless STEPPE_REDIS__URL and STEPPE_DATABASE__URL name others.
    """
    from steppe.up import run_up

    raise SystemExit(asyncio.run(run_up()))


@cli.command()
def api() -> None:
    """Process: residents, merchants, staff, agencies; web pages."""
    from steppe.processes.api import run

    _run(run())


@cli.command()
def gateway() -> None:
    """Process: long-lived vehicle links and batch ingest."""
    from steppe.processes.gateway import run

    _run(run())


@cli.command()
def tracker() -> None:
    """Process: positions judged; alarms, state, live deltas."""
    from steppe.processes.tracker import run

    _run(run())


@cli.command()
def archiver() -> None:
    """Process: position streams to Parquet history."""
    from steppe.processes.archiver import run

    _run(run())


@cli.command()
def scheduler() -> None:
    """Process: relay, inbox, reconcilers, sealer; two may run."""
    from steppe.processes.scheduler import run

    _run(run())


@cli.command()
@click.option("--queue", type=click.Choice(["dispatch", "jobs"]), required=True)
def worker(queue: str) -> None:
    """Process: an RQ worker on one queue."""
    if queue == "jobs":
        from steppe.processes.jobs_worker import run as run_jobs

        run_jobs()
        return
    from steppe.processes.worker import run

    run(queue)


@cli.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def simulate(words: tuple[str, ...]) -> None:
    """Vehicles and people over the public protocols only."""
    from simulator.cli import simulate as run

    run(list(words), prog_name="steppe simulate")


@cli.command()
@click.argument("process", type=click.Choice(PROCESSES))
def health(process: str) -> None:
    """Ask whether PROCESS on this host is ready.

    Exit code 0 when it is, 1 with the reason when it is not.
    """
    from steppe.health import probe

    ready, answer = asyncio.run(probe(process))
    click.echo(answer)
    raise SystemExit(0 if ready else 1)


@cli.group()
def database() -> None:
    """The SQL schema."""


@database.command("upgrade")
def database_upgrade() -> None:
    """Bring the schema to this version; safe to repeat."""
    from steppe.schema import upgrade

    click.echo(upgrade())


@database.command("current")
def database_current() -> None:
    """Print the schema's revision and this version's."""
    from steppe.schema import current

    click.echo(current())


@database.command("revise", hidden=True)
@click.argument("message")
def database_revise(message: str) -> None:
    """Write the next migration from the tables of the code."""
    from steppe.schema import revise

    click.echo(revise(message))


@cli.group()
def city() -> None:
    """A city as data."""


@city.command("load")
@click.argument("name", required=False)
@click.option(
    "--roads",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Roads of this OpenStreetMap extract (.osm.pbf); else of STEPPE_CITY__ROADS, else generated ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def city_load(name: str | None, roads: Path | None, as_json: bool) -> None:
    """Load the city pack NAME, or that of a folder.

    Districts, roster, places, fences, roads; safe to repeat. Without NAME it is the one of STEPPE_CITY__PACK.
    Progress goes to standard error with --json.
    """
    from steppe.loading import load_city

    report = asyncio.run(load_city(name, roads=roads, say=lambda line: click.echo(line, err=as_json)))
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else "city loaded")


@cli.group()
def audit() -> None:
    """The audit chain."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def audit_verify(as_json: bool) -> None:
    """Check every hash and signed daily head; exit 1 when one does not hold."""
    from steppe.auditing import verify

    sound, report = asyncio.run(verify())
    click.echo(
        json.dumps(report) if as_json else "\n".join(f"{name}: {value}" for name, value in report.items())
    )
    raise SystemExit(0 if sound else 1)


@cli.command()
@click.option("--output", type=click.Path(path_type=Path), help="Write here instead of standard output.")
def openapi(output: Path | None) -> None:
    """The OpenAPI 3.1 document of the api."""
    from steppe.openapi import document

    text = document()
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check this machine and this configuration.

    Says what to do about what is wrong; exit code 1 when something is.
    """
    from steppe.doctor import examine, render

    findings = asyncio.run(examine())
    click.echo(render(findings, as_json=as_json))
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


class _Later(click.Group):
    """A group whose commands are imported when one of them is asked for."""

    def __init__(self, name: str, module: str, help_line: str) -> None:
        super().__init__(name, help=help_line)
        self._module = module

    def _group(self) -> click.Group:
        group: click.Group = getattr(importlib.import_module(self._module), self.name or "")
        return group

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the group's commands."""
        return self._group().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the group, None for a name it has not."""
        return self._group().get_command(ctx, cmd_name)


cli.add_command(rehearse)
cli.add_command(_Later("evidence", "steppe.evidence_files", "Sealed evidence of incidents."))
cli.add_command(_Later("staff", "steppe.accounts", "Accounts of people who work with the console."))
cli.add_command(_Later("keys", "steppe.accounts", "Keys of makers' clouds and tokens of merchants."))
cli.add_command(_Later("history", "steppe.history_commands", "Where vehicles were: replay, export, check."))
cli.add_command(_Later("days", "steppe.days", "What each vehicle did on each local day."))
cli.add_command(_Later("bench", "steppe.bench.cli", "Measurements with real processes on this machine."))
cli.add_command(_Later("settlement", "steppe.settlement_cli", "Whose money is whose: ledger and checks."))
cli.add_command(_Later("fences", "steppe.fences_cli", "Geofences and their rules."))
