"""What a vehicle says of the codes of sales: not taken, one opened a slot, or a wrong one was typed."""

from datetime import datetime
from typing import cast

import msgspec

from core import audit
from core.database import Transaction
from core.ids import VehicleNo
from core.inbox import InboxItem
from core.inbox_consumer import ReportHandler
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.links.wire.commands import SaleCodes
from fleet.links.wire.reports import CodeFailed, DoorOpened, read_report_body
from services.settlement.entry import SaleId
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.open_slot import reports_by
from services.vending.sales.release_sale import SYSTEM, release
from services.vending.sales.states import SaleEvent
from services.vending.sales.store import SaleStore
from services.vending.sales.take_report import APPLIED

NOT_TOLD = (CommandState.REJECTED, CommandState.FAILED, CommandState.EXPIRED)


class SaleKeypad:
    """Handlers of door_opened and code_failed that concern a sale; every other goes to who has orders."""

    def __init__(self, door_opened: ReportHandler, code_failed: ReportHandler) -> None:
        """Take the handlers of reports about orders."""
        self._door_opened = door_opened
        self._code_failed = code_failed

    async def door_opened(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Let the sale wait for what is taken, its code used up; a door that the page opened is ``noted``.

        ``unknown-sale`` is none of this vehicle's.
        """
        body = cast(DoorOpened, read_report_body(item.kind, item.body))
        if body.sale_id is None:
            return await self._door_opened(tx, item, at=at)
        number = VehicleNo(item.vehicle_no)
        sale = await SaleStore(tx).of_vehicle(SaleId(body.sale_id), number)
        if sale is None:
            return "unknown-sale"
        if body.by != "keypad":
            return "noted"
        codes = SaleCodeStore(tx)
        code = (await codes.of_sales([sale.sale_id])).get(sale.sale_id)
        moment = min(max(item.measured_at, sale.reserved_at), at)
        if code is not None:
            await codes.save(code, code.opened(moment))
        if not sale.is_reserved:
            return "already"
        await SaleStore(tx).move(
            sale, SaleEvent.CODE_TYPED, at=moment, actor=f"vehicle:{number}", expires_at=reports_by(at)
        )
        fields = {"by": "keypad", "generation": body.generation}
        await audit.record(tx, None, "sale.opened", f"sale:{sale.sale_id}", fields, at=at)
        return APPLIED

    async def code_failed(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Merge the vehicle's count of wrong tries into the code of the sale."""
        body = cast(CodeFailed, read_report_body(item.kind, item.body))
        if body.sale_id is None:
            return await self._code_failed(tx, item, at=at)
        sale = await SaleStore(tx).of_vehicle(SaleId(body.sale_id), VehicleNo(item.vehicle_no))
        code = None if sale is None else (await SaleCodeStore(tx).of_sales([sale.sale_id])).get(sale.sale_id)
        if code is None:
            return "unknown-sale"
        merged = code.with_code(code.code.merge_tries(body.generation, body.tries))
        await SaleCodeStore(tx).save(code, merged)
        return "already" if merged.version == code.version else APPLIED


async def codes_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Put the goods back when the vehicle did not take the codes: nobody could collect them
    (fleet.commands.ending)."""
    if command.state not in NOT_TOLD:
        return
    body = msgspec.json.decode(bytes(command.body), type=SaleCodes)
    sale = await SaleStore(tx).of_vehicle(SaleId(body.sale_id), command.vehicle_no)
    if sale is not None and sale.is_reserved and body.verifiers:
        await release(tx, sale, SaleEvent.EXPIRED, "codes_not_taken", actor=SYSTEM, at=at)
