"""The town of the orders' tests, where a patrol vehicle stands."""

from tests.integration.services.orders.conftest import _keys_installed, any_town, settings, town

__all__ = ["_keys_installed", "any_town", "settings", "town"]
