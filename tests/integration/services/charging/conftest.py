"""The small town, on either store."""

from tests.integration.services.orders.conftest import _keys_installed, any_town, settings, town

__all__ = ["_keys_installed", "any_town", "settings", "town"]
