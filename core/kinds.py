"""Kinds that every package shares."""

from enum import StrEnum


class ServiceKind(StrEnum):
    """What a vehicle is for; the service letter of its code is data of the city pack."""

    VENDING = "vending"
    DELIVERY = "delivery"
    SWEEPING = "sweeping"
    PATROL = "patrol"
    TRANSPORT = "transport"
    SHUTTLE = "shuttle"
