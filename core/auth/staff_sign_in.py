"""Staff log-in: password and TOTP, judged together, answered the same whatever was wrong."""

from datetime import datetime

from core import audit
from core.auth.lives import ACCOUNT_LIMIT, PAIR_LIMIT, SignInRules
from core.auth.one_time import matching_counter
from core.auth.passwords import Passwords
from core.auth.principal import Principal
from core.auth.sessions import SessionStore, SignedIn
from core.auth.staff import StaffSecrets, StaffStore, normal_username
from core.auth.throttle import Subject, count_try, forget, take_back
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Unauthenticated
from core.privacy.cipher import SecretKeys

_NOBODYS_TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class StaffSignIn:
    """Opens and ends staff sessions. Sessions and lock-outs are wall time, whatever the city's clock does."""

    def __init__(
        self, database: Database, clock: Clock, keys: SecretKeys, passwords: Passwords, rules: SignInRules
    ) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._passwords = passwords
        self._rules = rules

    async def sign_in(
        self, username: str, password: str, totp: str, *, address: str, shown: tuple[str, ...] = ()
    ) -> SignedIn:
        """Return a fresh session; the sessions the browser `shown` before are ended (no fixation).

        Raises TooMany while the account or the address is locked, Unauthenticated("credentials-wrong") for an
        unknown name, a wrong password, a wrong or used code and a closed account alike, Unavailable when too
        many are logging in.
        """
        username = normal_username(username)
        subjects = self._subjects(username, address)
        async with self._database.write() as tx:
            await count_try(tx, subjects, at=self._clock.wall())
            account = await StaffStore(tx).secrets_of(username)
        fits, better_hash = await self._passwords.check(password, account.password_hash if account else None)
        counter = matching_counter(
            account.totp_secret if account else _NOBODYS_TOTP,
            totp.replace(" ", ""),
            self._clock.wall(),
            after=account.totp_last_counter if account else 0,
        )
        async with self._database.write() as tx:
            at = self._clock.wall()
            right = account is not None and account.is_active and fits and counter is not None
            # The step is marked used inside the transaction: of two requests with one code, one gets in.
            if right and account and counter and await StaffStore(tx).use_totp(account.id, counter):
                if better_hash is not None:
                    await StaffStore(tx).set_password_hash(account.id, better_hash)
                await self._trust(tx, subjects)
                return await self._open(tx, account, shown, at)
            if account:
                await audit.record(
                    tx, None, "staff.sign_in_refused", f"staff:{account.id}", at=self._clock.now()
                )
        raise Unauthenticated("credentials-wrong")

    async def sign_out(self, principal: Principal | None, shown: tuple[str, ...]) -> None:
        """End the sessions a browser shows; nothing happens without one."""
        async with self._database.write() as tx:
            for token in shown:
                await SessionStore(tx).revoke(token, at=self._clock.wall())
            if principal is not None and principal.kind == "staff":
                await audit.record(
                    tx, principal, "staff.signed_out", f"staff:{principal.id}", at=self._clock.now()
                )

    async def sign_out_everywhere(self, principal: Principal) -> int:
        """End every session of the principal, this one included; return how many ended."""
        async with self._database.write() as tx:
            ended = await SessionStore(tx).revoke_all_of(principal, at=self._clock.wall())
            await audit.record(
                tx,
                principal,
                f"{principal.kind}.signed_out_everywhere",
                f"{principal.kind}:{principal.id}",
                {"sessions": ended},
                at=self._clock.now(),
            )
        return ended

    async def _open(
        self, tx: Transaction, account: StaffSecrets, shown: tuple[str, ...], at: datetime
    ) -> SignedIn:
        signed_in = await SessionStore(tx).open("st", account.id, self._rules.lives, shown=shown, at=at)
        await audit.record(
            tx, signed_in.principal, "staff.signed_in", f"staff:{account.id}", at=self._clock.now()
        )
        return signed_in

    def _subjects(self, username: str, address: str) -> tuple[Subject, Subject, Subject]:
        return (
            Subject(key=self._keys.digest("throttle:staff-pair", f"{username}\n{address}"), limit=PAIR_LIMIT),
            Subject(key=self._keys.digest("throttle:staff", username), limit=ACCOUNT_LIMIT),
            Subject(key=self._keys.digest("throttle:address", address), limit=self._rules.tries_per_address),
        )

    @staticmethod
    async def _trust(tx: Transaction, subjects: tuple[Subject, Subject, Subject]) -> None:
        pair, account, address = subjects
        await forget(tx, [pair.key, account.key])
        await take_back(tx, [address.key])
