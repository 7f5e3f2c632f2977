"""The column type of personal data and secrets: ``Column("phone", encrypted("residents.phone"))``."""

from functools import partial

from core.database.types import Encrypted
from core.privacy.cipher import FieldCipher, SecretKeys

_installed: list[SecretKeys] = []
"""The keys of this process: a column type is made at import, before any setting is read."""


def install_keys(keys: SecretKeys) -> None:
    """Give this process the keys its encrypted columns use; called once by whoever opens the database."""
    _installed[:] = [keys]


def _cipher(name: str) -> FieldCipher:
    if not _installed:
        raise RuntimeError(f"{name} is encrypted: call core.privacy.encrypted.install_keys at start-up")
    return _installed[0].field(name)


def encrypted(name: str) -> Encrypted:
    """Return the type of an encrypted text column; `name` is ``table.column``, authenticated with it."""
    return Encrypted(partial(_cipher, name))
