"""Tokens of machines: only ours, only now, only for the gateway."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from core.auth.machine_tokens import Machine, MachineTokens
from core.auth.principal import Role, reach_of
from core.errors import Unauthenticated
from core.ids import VehicleNo
from core.privacy.cipher import derive_key

SECRET = "a token key of a test, 32 characters"
NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
TOKENS = MachineTokens(SECRET)
DEVICE = Machine(
    key_id="k1", kind="device", subject="d1", name="KB-1", vehicles=frozenset({VehicleNo(7), VehicleNo(9)})
)
MAKER = Machine(key_id="k2", kind="maker", subject="neolix", name="Neolix cloud")
KEY = OctKey.import_key(derive_key(SECRET.encode(), "gateway tokens"))


def _claims(**changed: Any) -> dict[str, Any]:
    right = {
        "iss": "steppe",
        "aud": "gateway",
        "sub": "d1",
        "kid": "k1",
        "kind": "device",
        "name": "KB-1",
        "exp": int(NOW.timestamp()) + 600,
        "vehicles": [7],
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def _unsigned(header: dict[str, str], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_a_device_reaches_its_own_vehicles_only() -> None:
    principal = TOKENS.read(TOKENS.issue(DEVICE, at=NOW), at=NOW)
    assert (principal.role, principal.session) == (Role.DEVICE, "k1")
    assert reach_of(principal).vehicles == frozenset({7, 9})


def test_a_maker_reaches_the_vehicles_registered_to_it() -> None:
    principal = TOKENS.read(TOKENS.issue(MAKER, at=NOW), at=NOW)
    assert reach_of(principal).makers == frozenset({"neolix"})
    assert reach_of(principal).vehicles is None


def test_a_device_without_vehicles_reaches_none() -> None:
    token = jwt.encode({"alg": "HS256"}, _claims(vehicles=None), KEY)
    assert reach_of(TOKENS.read(token, at=NOW)).vehicles == frozenset()


def test_a_token_ends_after_its_ten_minutes() -> None:
    token = TOKENS.issue(DEVICE, at=NOW)
    TOKENS.read(token, at=NOW + timedelta(seconds=599))
    with pytest.raises(Unauthenticated) as refusal:
        TOKENS.read(token, at=NOW + timedelta(seconds=601))
    assert refusal.value.code == "token-expired"


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode({"alg": "HS256"}, _claims(aud="api"), KEY),
        jwt.encode({"alg": "HS256"}, _claims(aud=["gateway", "api"]), KEY),
        jwt.encode({"alg": "HS256"}, _claims(aud=None), KEY),
        jwt.encode({"alg": "HS256"}, _claims(iss="somebody"), KEY),
        jwt.encode({"alg": "HS256"}, _claims(exp=None), KEY),
        jwt.encode({"alg": "HS256"}, _claims(exp="soon"), KEY),
        jwt.encode({"alg": "HS256"}, _claims(kind="admin"), KEY),
        jwt.encode({"alg": "HS256"}, _claims(kid=None), KEY),
        jwt.encode({"alg": "HS256"}, _claims(name=None), KEY),
        jwt.encode({"alg": "HS256"}, _claims(vehicles=["x"]), KEY),
        jwt.encode({"alg": "HS256"}, _claims(vehicles=7), KEY),
        jwt.encode({"alg": "HS512"}, _claims(), KEY, algorithms=["HS512"]),
        jwt.encode({"alg": "HS256"}, _claims(), OctKey.import_key(SECRET)),
        jwt.encode({"alg": "RS256"}, _claims(), RSAKey.generate_key(2048), algorithms=["RS256"]),
        _unsigned({"alg": "none", "typ": "JWT"}, _claims()),
        _unsigned({"alg": "None"}, _claims()),
        _unsigned({"alg": "HS256"}, _claims()),
        "",
        "a.b.c",
        "not a token",
        "é.é.é",
    ],
    ids=[
        "wrong audience",
        "several audiences",
        "no audience",
        "wrong issuer",
        "no end",
        "end is no number",
        "kind of a person",
        "no key",
        "no name",
        "vehicles are no numbers",
        "vehicles are no list",
        "stronger algorithm",
        "another key",
        "asymmetric",
        "alg none",
        "alg None",
        "signature cut off",
        "empty",
        "three letters",
        "words",
        "not ASCII",
    ],
)
def test_every_other_token_is_refused_with_one_answer(token: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        TOKENS.read(token, at=NOW)
    assert refusal.value.code == "token-invalid"


def test_one_changed_character_is_refused_wherever_it_stands() -> None:
    token = TOKENS.issue(DEVICE, at=NOW)
    for place in range(0, len(token) - 1, 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Unauthenticated):
            TOKENS.read(changed, at=NOW)
