"""A sender that is killed between the provider's answer and its mark: python -m … DATABASE FOLDER URL AT."""

import asyncio
import sys
from datetime import datetime

from core.clock import Clock
from core.crashpoints import arm
from core.database import Database
from core.privacy.encrypted import install_keys
from tests.integration.services.notices.post_office import keys_of, sender_of


async def main(database_url: str, folder: str, provider_url: str, at: str) -> None:
    install_keys(keys_of(folder))
    moment = datetime.fromisoformat(at)
    clock = Clock(moment, moment, 1.0, wall=lambda: moment, monotonic=moment.timestamp)
    sender = sender_of(await Database.open(database_url), clock, provider_url, keys_of(folder))
    arm("before_ack")
    await sender.send_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
