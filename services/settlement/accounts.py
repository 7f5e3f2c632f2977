"""The accounts of the ledger: who holds which, and their names."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.ids import AccountId


class AccountKind(StrEnum):
    """What an account is for. Its owner is the resident, merchant or operator that the money concerns."""

    RESIDENT_BALANCE = "resident_balance"
    """What a resident paid in beforehand; never below zero."""
    RESIDENT_DUE = "resident_due"
    """What a resident has collected and still has to pay; zero or below."""
    HELD = "held"
    """Paid for orders that are still open; belongs to nobody yet."""
    MERCHANT = "merchant"
    """What the operator owes a merchant."""
    DELIVERY_FEES = "delivery_fees"
    PLATFORM_FEES = "platform_fees"
    SALES = "sales"
    """What an operator sold of its own goods, from vending vehicles."""
    SUBSIDY = "subsidy"
    """What the city is to pay an operator; below zero until it is paid."""
    LOSS = "loss"
    """Goods that an operator lost, on the way or from a vending vehicle; below zero."""
    WRITTEN_OFF = "written_off"
    """An operator's own goods that are gone, at the price they would have been sold for."""
    CORRECTIONS = "corrections"
    """What an operator gave merchants or took back to put a statement right; below zero: he gave."""
    TILL = "till"
    """Money an operator took in, outside of this system; below zero by what lies in the till."""
    PAID_OUT = "paid_out"
    """What an operator paid to merchants, outside of this system."""
    CLEARING = "clearing"
    """What a company owes other companies by closed clearings; below zero: what they owe it."""


OF_A_COMPANY = frozenset(AccountKind) - {
    AccountKind.RESIDENT_BALANCE,
    AccountKind.RESIDENT_DUE,
    AccountKind.MERCHANT,
    AccountKind.CLEARING,
}
"""Accounts that only entries of the company which owns them may move; clearing is between two."""
ACCOUNT_NAMES: Mapping[AccountKind, tuple[str, str]] = MappingProxyType(
    {
        AccountKind.RESIDENT_BALANCE: ("居民余额", "resident's balance"),
        AccountKind.RESIDENT_DUE: ("取件应付", "due at pickup"),
        AccountKind.HELD: ("未完成订单款", "held for open orders"),
        AccountKind.MERCHANT: ("商户应收", "owed to the merchant"),
        AccountKind.DELIVERY_FEES: ("配送费收入", "delivery fees"),
        AccountKind.PLATFORM_FEES: ("平台服务费", "platform fees"),
        AccountKind.SALES: ("自营售卖收入", "sales of own goods"),
        AccountKind.SUBSIDY: ("补贴", "subsidy"),
        AccountKind.LOSS: ("货损", "loss of goods"),
        AccountKind.WRITTEN_OFF: ("自营货损核销", "own goods written off"),
        AccountKind.CORRECTIONS: ("对账更正", "corrections"),
        AccountKind.TILL: ("线下收款", "till"),
        AccountKind.PAID_OUT: ("已付商户", "paid to merchants"),
        AccountKind.CLEARING: ("公司间清分", "between companies"),
    }
)
"""(zh, en) of every kind of account."""


def account(kind: AccountKind, owner: str) -> AccountId:
    """Return the id of the account of a kind that ``owner`` has.

    >>> account(AccountKind.MERCHANT, "m-1")
    'merchant:m-1'
    """
    return AccountId(f"{kind.value}:{owner}")


def kind_of(account_id: AccountId) -> AccountKind:
    """Return the kind of an account; raise ValueError for text that is no account."""
    return AccountKind(account_id.partition(":")[0])


def owner_of(account_id: AccountId) -> str:
    """Return whose account it is."""
    return account_id.partition(":")[2]
