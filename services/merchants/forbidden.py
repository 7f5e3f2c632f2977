"""What the city lets nobody sell without a person there: data of the city pack, with its reasons."""

from collections.abc import Iterable, Sequence

import msgspec

from services.delivery.catalogue import Goods


class Forbidden(msgspec.Struct, frozen=True, kw_only=True):
    """One category; goods whose name holds one of ``words`` belong to it whatever they are said to be."""

    category: str
    name_zh: str
    name_en: str
    reason_zh: str
    reason_en: str
    words: tuple[str, ...] = ()


def forbidden_by(
    rules: Sequence[Forbidden], *, category: str, name_zh: str, name_en: str
) -> Forbidden | None:
    """Return the rule that forbids goods of this category or name, None when they may be sold."""
    named = f"{name_zh} {name_en}".casefold()
    for rule in rules:
        if rule.category == category or any(word.casefold() in named for word in rule.words):
            return rule
    return None


def forbidden_among(rules: Sequence[Forbidden], goods: Iterable[Goods]) -> tuple[Goods, Forbidden] | None:
    """Return the first goods that may not be sold, with the rule, None when all may."""
    for thing in goods:
        rule = forbidden_by(rules, category=thing.category, name_zh=thing.name_zh, name_en=thing.name_en)
        if rule is not None:
            return thing, rule
    return None
