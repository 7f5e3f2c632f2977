"""The shop of a demo that leaves whoever opens its page the time to act."""

from steppe.city.issued import Issued, MerchantToken, tried_shop


def a_shop(merchant: str, district: str) -> MerchantToken:
    return MerchantToken(merchant=merchant, district=district, name=merchant, token="t")


def test_it_is_the_last_of_the_first_town() -> None:
    shops = (a_shop("KB-1", "KB"), a_shop("KB-2", "KB"), a_shop("DS-1", "DS"))
    assert tried_shop(Issued(city="c", merchants=shops)) == shops[1]


def test_a_town_with_one_shop_or_none_has_none_to_spare() -> None:
    assert tried_shop(Issued(city="c", merchants=(a_shop("KB-1", "KB"), a_shop("DS-1", "DS")))) is None
    assert tried_shop(Issued(city="c")) is None
