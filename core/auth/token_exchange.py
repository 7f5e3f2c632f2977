"""Key against token, for machines: the one use case of a gateway's log-in."""

from core.auth.lives import ADDRESS_LIMIT, PAIR_LIMIT
from core.auth.machine_tokens import MachineTokens
from core.auth.machines import machine_of_key
from core.auth.throttle import Subject, count_try
from core.clock import Clock
from core.database import Database
from core.errors import Unauthenticated
from core.privacy.cipher import SecretKeys


class TokenExchange:
    """Gives tokens for keys; guesses are counted like people's. One per process and event loop."""

    def __init__(self, database: Database, clock: Clock, keys: SecretKeys, tokens: MachineTokens) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._tokens = tokens

    async def exchange(self, key_id: str, secret: str, *, address: str) -> tuple[str, int]:
        """Return a token and its life in seconds.

        Raises Unauthenticated("credentials-wrong") for an unknown or revoked key or a wrong secret alike,
        TooMany when wrong ones go on. Only wrong secrets are counted: nobody guesses 256 bits, and a maker's
        cloud may come back with a thousand vehicles at once.
        """
        try:
            async with self._database.read() as tx:
                machine = await machine_of_key(tx, key_id, secret)
        except Unauthenticated:
            async with self._database.write() as tx:
                await count_try(tx, self._subjects(key_id, address), at=self._clock.wall())
            raise
        return self._tokens.issue(machine, at=self._clock.wall()), int(self._tokens.life.total_seconds())

    def _subjects(self, key_id: str, address: str) -> list[Subject]:
        pair = self._keys.digest("throttle:machine-pair", f"{key_id}\n{address}")
        place = self._keys.digest("throttle:machine-address", address)
        return [Subject(key=pair, limit=PAIR_LIMIT), Subject(key=place, limit=ADDRESS_LIMIT)]
