"""The furnished town of the order tests, with money in it."""

from tests.integration.services.orders.conftest import _keys_installed, any_town, settings, town

__all__ = ["_keys_installed", "any_town", "settings", "town"]
