"""Keys and token issuers out of the settings; imports no web framework, for processes without one."""

from datetime import timedelta
from typing import TYPE_CHECKING

from core.privacy.cipher import SecretKeys
from core.settings import SecuritySettings

if TYPE_CHECKING:
    from core.auth.machine_tokens import MachineTokens


def secret_keys(security: SecuritySettings) -> SecretKeys:
    """Return the keys drawn from loaded settings; raise ValueError when a secret is missing."""
    if security.encryption_key is None or security.index_key is None:
        raise ValueError("security.encryption_key and security.index_key are needed")
    return SecretKeys(
        encryption_key=security.encryption_key,
        index_key=security.index_key,
        earlier=security.earlier_encryption_keys,
    )


def machine_tokens(security: SecuritySettings) -> "MachineTokens":
    """Return the issuer and reader of machines' tokens; raise ValueError when its secret is missing."""
    # joserfc costs 6 MB, and only gateway and api read tokens
    from core.auth.machine_tokens import MachineTokens

    if security.token_key is None:
        raise ValueError("security.token_key is needed")
    return MachineTokens(security.token_key, timedelta(minutes=security.token_minutes))
