"""Whose certificates are believed: the public authorities, and those of the city's own network."""

import ssl
from pathlib import Path

from core.errors import Invalid


def trusted(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return what connections are checked by; `ca_bundle` (PEM) is believed besides the public authorities.

    Raises Invalid when the file cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=str(ca_bundle))
        except (OSError, ssl.SSLError) as error:
            raise Invalid(
                "invalid-input",
                f"webhooks.ca_bundle: {ca_bundle} holds no certificates: {error}",
                field="webhooks.ca_bundle",
                limit="a PEM file",
            ) from None
    return context


def certificate_trouble(error: BaseException | None) -> str | None:
    """Return what is wrong with a certificate when that is why a connection failed, else None."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate does not hold: {error.verify_message}"
        error = error.__cause__ or error.__context__
    return None
