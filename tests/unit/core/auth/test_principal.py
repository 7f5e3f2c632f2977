"""Roles, scopes and reach: the table is whole, and reach never widens by accident."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from core.auth.principal import Principal, PrincipalKind, Reach, reach_of
from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId

SOON = datetime(2026, 7, 1, tzinfo=UTC)


def test_every_role_has_a_row_and_every_scope_somebody_who_holds_it() -> None:
    assert set(ROLE_SCOPES) == set(Role)
    assert frozenset().union(*ROLE_SCOPES.values()) == frozenset(Scope)


def test_supervision_reads_evidence_and_changes_nothing() -> None:
    assert not ROLE_SCOPES[Role.SUPERVISOR] & {
        Scope.VEHICLES_COMMAND,
        Scope.VEHICLES_STOP,
        Scope.ORDERS_READ,
        Scope.PHONES_REVEAL,
        Scope.ALARMS_ACT,
    }


def test_nobody_outside_the_staff_sees_vehicles_at_large() -> None:
    for role in set(Role) - STAFF_ROLES:
        assert Scope.VEHICLES_READ not in ROLE_SCOPES[role]


def test_the_reach_of_staff_is_their_districts_and_their_company() -> None:
    principal = Principal(
        kind="staff",
        id="s",
        name="s",
        role=Role.DISPATCHER,
        operator=OperatorId("guotou"),
        districts=frozenset({DistrictCode("KB")}),
        expires_at=SOON,
    )
    assert reach_of(principal) == Reach(
        districts=frozenset({DistrictCode("KB")}), operators=frozenset({OperatorId("guotou")})
    )


@pytest.mark.parametrize("kind", sorted(set(get_args(PrincipalKind)) - {"staff", "internal"}))
def test_a_principal_that_names_nothing_reaches_nothing(kind: PrincipalKind) -> None:
    role = {"link": Role.LINK, "merchant": Role.MERCHANT, "maker": Role.MAKER, "device": Role.DEVICE}
    reach = reach_of(
        Principal(kind=kind, id="x", name="x", role=role.get(kind, Role.RESIDENT), expires_at=SOON)
    )
    narrowed = [value for value in (reach.vehicles, reach.makers, reach.merchants) if value is not None]
    assert frozenset() in narrowed
    assert reach != Reach()


def test_merchants_and_links_reach_their_own() -> None:
    merchant = Principal(
        kind="merchant", id="t", name="m", role=Role.MERCHANT, merchant=MerchantId("m1"), expires_at=SOON
    )
    assert reach_of(merchant).merchants == frozenset({"m1"})
    link = Principal(kind="link", id="l", name="l", role=Role.LINK, order=OrderId("o1"), expires_at=SOON)
    assert reach_of(link).order == "o1"
