"""Reading phone numbers the way people write them."""

import phonenumbers

from core.errors import Invalid


def parse_phone(text: str, *, region: str = "CN") -> str:
    """Return the number in E.164 (``+8613812345678``); `region` reads numbers without a country code.

    Raises Invalid for anything that no telephone network numbers that way; the text is not repeated.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise _invalid() from None
    if not phonenumbers.is_valid_number(number):
        raise _invalid()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _invalid() -> Invalid:
    return Invalid("invalid-input", "This is not a phone number", field="phone")
