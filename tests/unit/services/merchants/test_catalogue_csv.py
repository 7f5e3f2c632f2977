"""A catalogue as CSV: read back what was written, and every error with its row and field."""

import pytest

from core.ids import GoodsId, MerchantId
from services.delivery.catalogue import Goods
from services.delivery.compartments import Temperature
from services.merchants.catalogue_csv import CatalogueRow, read_catalogue, write_catalogue
from services.merchants.forbidden import Forbidden, forbidden_by

HEADER = "goods,name_zh,name_en,price_yuan,mass_g,litres,temperature,prepare_min,stock,on_sale,category"
MILK = Goods(
    goods_id=GoodsId("m-1-milk"),
    merchant_id=MerchantId("m-1"),
    name_zh="纯牛奶，1 L",
    name_en="Milk",
    price_fen=1285,
    mass_g=1050.0,
    litres=1.2,
    temperature=Temperature.CHILLED,
    ready_s=90.0,
    stock=24,
)


def test_what_is_written_is_read_back_the_same() -> None:
    rows, errors = read_catalogue(write_catalogue([MILK]))
    assert errors == []
    assert rows == [
        CatalogueRow(
            code="milk",
            name_zh=MILK.name_zh,
            name_en=MILK.name_en,
            price_fen=1285,
            mass_g=1050.0,
            litres=1.2,
            temperature=Temperature.CHILLED,
            ready_s=90.0,
            stock=24,
        )
    ]


@pytest.mark.parametrize("first", ["=1+1", "+1", "-1", "@x"])
def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(first: str) -> None:
    named = Goods(**{**{f: getattr(MILK, f) for f in MILK.__struct_fields__}, "name_zh": first})
    text = write_catalogue([named])
    assert f"'{first}" in text
    assert read_catalogue(text)[0][0].name_zh == first


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        ("milk,牛奶,,12.345,1000,1.1,,,,,", "price_yuan", "at most 2 decimal places"),
        ("milk,牛奶,,-1,1000,1.1,,,,,", "price_yuan", "from 0 to 100000"),
        ("milk,牛奶,,nan,1000,1.1,,,,,", "price_yuan", "from 0 to 100000"),
        ("milk,牛奶,,12,heavy,1.1,,,,,", "mass_g", "a number, not 'heavy'"),
        ("milk,牛奶,,12,1000,1000,,,,,", "litres", "from 0.01 to 400"),
        ("milk,牛奶,,12,1000,1.1,frozen,,,,", "temperature", "one of ambient, chilled, warm"),
        ("milk,牛奶,,12,1000,1.1,,,1.5,,", "stock", "at most 0 decimal places"),
        ("milk,牛奶,,12,1000,1.1,,,,maybe,", "on_sale", "yes or no"),
        ("mi lk,牛奶,,12,1000,1.1,,,,,", "goods", "letters, digits"),
        ("milk,,,12,1000,1.1,,,,,", "name_zh", "1 to 120 characters"),
    ],
    ids=lambda value: value if isinstance(value, str) and "," not in value else None,
)
def test_an_error_names_row_field_and_limit(line: str, field: str, problem: str) -> None:
    rows, errors = read_catalogue(f"{HEADER}\ngood,好,,1,1,1,,,,,\n{line}\n")
    assert [row.code for row in rows] == ["good"]
    [error] = errors
    assert (error.row, error.field) == (3, field)
    assert problem in error.problem


def test_every_error_of_a_file_is_told_at_once() -> None:
    _, errors = read_catalogue(f"{HEADER}\na,甲,,x,0,1,,,,,\nb,乙,,1,1,1,,,,,\nb,丙,,1,1,1,,,,,\n")
    assert [(error.row, error.field) for error in errors] == [
        (2, "price_yuan"),
        (2, "mass_g"),
        (4, "goods"),
    ]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "goods"),
        ("goods,name_zh,price_yuan,mass_g\nm,牛奶,1,1", "litres"),
        (f"{HEADER},colour\nm,牛奶,,1,1,1,,,,,,red", "colour"),
        (HEADER, "-"),
    ],
    ids=["nothing", "a missing column", "an unknown column", "a header alone"],
)
def test_a_file_that_is_none_is_refused_by_its_header(text: str, field: str) -> None:
    rows, errors = read_catalogue(text)
    assert rows == []
    assert field in {error.field for error in errors}


def test_goods_are_forbidden_by_their_category_or_by_a_word_in_their_name() -> None:
    rule = Forbidden(
        category="tobacco",
        name_zh="烟",
        name_en="tobacco",
        reason_zh="核验",
        reason_en="age",
        words=("Cigar",),
    )
    rules = [rule]
    assert forbidden_by(rules, category="tobacco", name_zh="某物", name_en="") is rule
    assert forbidden_by(rules, category="snacks", name_zh="礼盒", name_en="Fine CIGARS") is rule
    assert forbidden_by(rules, category="snacks", name_zh="薯片", name_en="Crisps") is None
