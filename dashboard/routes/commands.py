"""Commands: given from the drawer, followed to their end."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.idempotency import body_hash
from core.ids import CommandId, VehicleNo
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath, VehicleNoPath
from dashboard.schemas.commands import CommandPage, CommandView, NewCommand, command_page, command_view
from fleet.commands.command import Command
from fleet.commands.issue_command import CommandWish
from fleet.commands.store import CommandStore, Place
from fleet.vehicles.store import VehicleStore


def _render(command: Command) -> bytes:
    return msgspec.json.encode(command_view(command))


def _wish(vehicle_no: int, data: NewCommand, key: str) -> CommandWish:
    path = f"/api/vehicles/{vehicle_no}/commands"
    return CommandWish(
        vehicle_no=VehicleNo(vehicle_no),
        kind=data.kind,
        reason=data.reason,
        params=msgspec.json.encode(data.params),
        idempotency_key=key,
        request_hash=body_hash("POST", path, msgspec.json.encode(data, order="sorted")),
    )


class Commands(Controller):
    """What the platform asks of vehicles."""

    path = "/api"
    tags = ("commands",)

    @post(
        "/vehicles/{vehicle_no:int}/commands",
        operation_id="giveCommand",
        status_code=HTTP_202_ACCEPTED,
        # whoever may give any command may stop; the desk asks for more where the kind needs it
        guards=[requires(Scope.VEHICLES_STOP)],
        responses=problem_responses(
            "invalid-input",
            "reason-missing",
            *REPEATED,
            "not-authenticated",
            "forbidden",
            "not-found",
            "command-not-possible",
            "unavailable",
        ),
    )
    async def give_command(
        self,
        vehicle_no: VehicleNoPath,
        data: JSONBody[NewCommand],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[CommandView]:
        """Record a command and send it; an emergency stop leaves before it is recorded."""
        answer = await dashboard.desk.issue(
            principal, _wish(vehicle_no, data, idempotency_key or ""), _render
        )
        return Response(
            msgspec.json.decode(answer.body, type=CommandView),
            status_code=answer.status,
            media_type=MediaType.JSON,
            headers={"Location": answer.location or ""},
        )

    @get(
        "/vehicles/{vehicle_no:int}/commands",
        operation_id="listCommands",
        guards=[requires(Scope.COMMANDS_READ)],
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "not-found", "unavailable"
        ),
    )
    async def list_commands(
        self,
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> CommandPage:
        """Return the commands of one vehicle, newest first."""
        place = read_cursor(cursor, tuple[datetime, str])
        before = None if place is None else Place(*place)
        reach, number = reach_of(principal), VehicleNo(vehicle_no)
        async with dashboard.database.read() as tx:
            await VehicleStore(tx).get(number, reach)
            found = await CommandStore(tx).of_vehicle(number, reach, before=before, limit=limit + 1)
        return command_page(found, limit)

    @get(
        "/commands/{command_id:str}",
        operation_id="readCommand",
        guards=[requires(Scope.COMMANDS_READ)],
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable"
        ),
    )
    async def read_command(
        self,
        command_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> CommandView:
        """Return one command and how far it has come."""
        async with dashboard.database.read() as tx:
            command = await CommandStore(tx).get(CommandId(command_id), reach_of(principal))
        return command_view(command)
