"""A sender that is killed between the answer and its mark: python -m … DATABASE_URL FOLDER."""

import asyncio
import sys
from datetime import timedelta

from core.auth.configured import secret_keys
from core.clock import Clock
from core.crashpoints import arm
from core.database import Database
from core.privacy.encrypted import install_keys
from core.settings import load
from fleet.webhooks.send_webhooks import WebhookSender


async def main(url: str, folder: str) -> None:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": folder})
    install_keys(secret_keys(settings.security))
    sender = WebhookSender(
        await Database.open(url), Clock.real(), private="loopback", disable_after=timedelta(days=5)
    )
    arm("before_ack")
    await sender.start_due()
    await sender.settled()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
