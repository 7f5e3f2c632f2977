"""Which addresses may be called: nobody may use the city to knock at doors inside its own network."""

import asyncio
import ipaddress
import socket
from typing import Final, Literal
from urllib.parse import urlsplit

from core.errors import Invalid

type PrivateAddresses = Literal["refuse", "loopback", "allow"]
LONGEST_URL: Final = 500


def check_url(url: str, private: PrivateAddresses) -> tuple[str, int]:
    """Return (host, port) of an address that may be subscribed; raise Invalid with what is wrong with it."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise _refused("the port is no number from 1 to 65535") from None
    if len(url) > LONGEST_URL:
        raise _refused(f"an address has at most {LONGEST_URL} characters")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _refused("an address begins with https:// and names a host")
    if parts.scheme == "http" and private == "refuse":
        raise _refused("only https addresses are called")
    if parts.username or parts.password or parts.fragment:
        raise _refused("an address holds no user, password or fragment")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


async def resolve(host: str, port: int, private: PrivateAddresses) -> str:
    """Return one IP address of a host, to be called as it was checked; raise Invalid for a refused one.

    Every address of the name must be allowed. OSError when the name has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_allowed(address, private):
            raise _refused(f"{address} is an address inside a network")
    return addresses[0]


def is_allowed(address: str, private: PrivateAddresses) -> bool:
    """Return whether an IP address may be called."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if private == "allow" or (private == "loopback" and ip.is_loopback):
        return True
    return ip.is_global and not ip.is_multicast


def _refused(why: str) -> Invalid:
    return Invalid("invalid-input", f"this address is not called: {why}", field="url", limit=why)
