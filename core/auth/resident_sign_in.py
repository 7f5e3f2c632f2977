"""Residents' log-in: a one-time code to the phone, then a session. Who has an account is never told."""

import hmac

from core import audit
from core.auth.lives import CODE_LIFE, CODE_TRIES, RESEND_S, SignInRules
from core.auth.notices import Notice, NoticePort
from core.auth.one_time import random_code
from core.auth.principal import Principal
from core.auth.residents import ResidentStore
from core.auth.sessions import SessionStore, SignedIn
from core.auth.throttle import Subject, count_try, take_back
from core.clock import Clock
from core.database import Database
from core.errors import Unauthenticated
from core.privacy.cipher import SecretKeys
from core.privacy.phones import parse_phone


class ResidentSignIn:
    """Sends codes, opens and ends residents' sessions, in wall time."""

    def __init__(
        self, database: Database, clock: Clock, keys: SecretKeys, notices: NoticePort, rules: SignInRules
    ) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._notices = notices
        self._rules = rules

    async def send_code(self, phone_text: str, *, address: str) -> int:
        """Send a code unless one went out within the minute; return the seconds until the next.

        The answer is the same for every phone, known or not. Raises Invalid for what is no phone number,
        TooMany past the hourly limits, Unavailable when the provider does not take the notice.
        """
        phone = parse_phone(phone_text)
        at = self._clock.wall()
        async with self._database.write() as tx:
            store = ResidentStore(tx, self._keys)
            waiting = await store.pending_code(phone)
            if waiting is not None and (at - waiting.sent_at).total_seconds() < RESEND_S:
                return RESEND_S
            await count_try(tx, self._sending_subjects(phone, address), at=at)
            code = random_code()
            await store.put_code(phone, code, life=CODE_LIFE, at=at)
        await self._notices.send(
            Notice(
                phone=phone,
                kind="sign-in-code",
                zh=f"登录验证码 {code},5 分钟内有效。请勿告诉他人。",
                en=f"Your sign-in code is {code}. It is good for 5 minutes. Tell nobody.",
                at=at,
            )
        )
        return RESEND_S

    async def sign_in(
        self, phone_text: str, code: str, *, address: str, shown: tuple[str, ...] = ()
    ) -> SignedIn:
        """Return a fresh session of the phone's resident; what the browser showed before is ended.

        A code is good once, for five minutes and five tries. Raises Unauthenticated("credentials-wrong")
        for a wrong, used, old or over-tried code alike, TooMany for an address that guesses, Invalid for what
        is no phone number.
        """
        phone = parse_phone(phone_text)
        guessing = Subject(
            key=self._keys.digest("throttle:resident-address", address),
            limit=self._rules.resident_tries_per_address,
        )
        at = self._clock.wall()
        async with self._database.write() as tx:
            await count_try(tx, [guessing], at=at)
            store = ResidentStore(tx, self._keys)
            waiting = await store.pending_code(phone)
            given = store.code_digest(phone, code.strip())
            usable = waiting is not None and waiting.tries < CODE_TRIES and waiting.expires_at > at
            if usable and waiting and hmac.compare_digest(waiting.code_digest, given):
                await store.drop_code(phone)
                await take_back(tx, [guessing.key])
                resident = await store.ensure(phone, at=at)
                signed_in = await SessionStore(tx).open("re", resident, self._rules.lives, shown=shown, at=at)
                await audit.record(
                    tx,
                    signed_in.principal,
                    "resident.signed_in",
                    f"resident:{resident}",
                    at=self._clock.now(),
                )
                return signed_in
            if waiting is not None:
                await store.count_wrong(phone)
        raise Unauthenticated("credentials-wrong")

    async def sign_out(self, principal: Principal | None, shown: tuple[str, ...]) -> None:
        """End the sessions a browser shows; nothing happens without one."""
        async with self._database.write() as tx:
            for token in shown:
                await SessionStore(tx).revoke(token, at=self._clock.wall())
            if principal is not None and principal.kind == "resident":
                await audit.record(
                    tx, principal, "resident.signed_out", f"resident:{principal.id}", at=self._clock.now()
                )

    def _sending_subjects(self, phone: str, address: str) -> list[Subject]:
        return [
            Subject(key=self._keys.digest("throttle:code-phone", phone), limit=self._rules.codes_per_phone),
            Subject(
                key=self._keys.digest("throttle:code-address", address), limit=self._rules.codes_per_address
            ),
        ]
