"""Encryption of single fields and their blind indexes, with keys derived from the city's secrets.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; keys by HKDF-SHA-256 (RFC 5869), one per use, so
that the key of one column opens no other. The column's name is authenticated with the text: a value moved
into another column does not open.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES
MIN_SECRET_BYTES = 32
"""A shorter secret has less entropy than the keys drawn from it."""


class Undecipherable(Exception):
    """The stored bytes are not what this city's keys wrote: a wrong secret, or somebody changed them."""


def derive_key(secret: bytes, use: str) -> bytes:
    """Return the 32-byte key of one use. The same secret and use give the same key on every machine."""
    return HKDF(algorithm=SHA256(), length=32, salt=b"steppe", info=use.encode()).derive(secret)


class SecretKeys:
    """What is drawn from the secrets of ``security``; earlier encryption keys still open what they wrote.

    Immutable and safe from any thread. Its repr shows no key.
    """

    def __init__(self, *, encryption_key: str, index_key: str, earlier: tuple[str, ...] = ()) -> None:
        """Take the present secrets and the encryption keys that were replaced, newest first.

        Raises ValueError for a secret shorter than 32 bytes.
        """
        for value in (encryption_key, index_key, *earlier):
            if len(value.encode()) < MIN_SECRET_BYTES:
                raise ValueError(f"a secret key needs at least {MIN_SECRET_BYTES} bytes of text")
        self._encryption = tuple(value.encode() for value in (encryption_key, *earlier))
        self._index = index_key.encode()
        self._drawn: dict[str, FieldCipher] = {}

    def __repr__(self) -> str:
        return f"SecretKeys({len(self._encryption)} encryption keys)"

    def field(self, name: str) -> "FieldCipher":
        """Return the cipher of one column, ``table.column``."""
        if name not in self._drawn:
            keys = tuple(derive_key(secret, f"field:{name}") for secret in self._encryption)
            self._drawn[name] = FieldCipher(name, keys)
        return self._drawn[name]

    def blind_index(self, name: str, value: str) -> str:
        """Return the hex HMAC-SHA-256 by which an encrypted value is found: equal values, equal index.

        After a change of ``index_key`` the indexes are written again.
        """
        return self.digest(f"index:{name}", value)

    def digest(self, use: str, value: str) -> str:
        """Return the hex HMAC-SHA-256 of a value under the key of one use."""
        return hmac.new(derive_key(self._index, use), value.encode(), hashlib.sha256).hexdigest()


class FieldCipher:
    """Encrypts the values of one column: version, key id, nonce, ciphertext and tag."""

    def __init__(self, name: str, keys: tuple[bytes, ...]) -> None:
        """Take the column (``residents.phone``) and its keys, the one to write with first."""
        self._name = name.encode()
        self._keys = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._writing_id = _key_id(keys[0])

    def encrypt(self, text: str) -> bytes:
        """Return fresh bytes for a text; the same text never gives the same bytes twice."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._writing_id].encrypt(nonce, text.encode(), self._name)
        return _VERSION + self._writing_id + nonce + sealed

    def decrypt(self, stored: bytes) -> str:
        """Return the text; raise Undecipherable for another column's, a foreign or a changed value."""
        key_id = stored[1 : 1 + _KEY_ID_BYTES]
        cipher = self._keys.get(key_id)
        if stored[:1] != _VERSION or cipher is None or len(stored) < _HEADER_BYTES:
            raise Undecipherable(f"{self._name.decode()}: written with no key of this city")
        try:
            text = cipher.decrypt(
                stored[1 + _KEY_ID_BYTES : _HEADER_BYTES], stored[_HEADER_BYTES:], self._name
            )
        except InvalidTag:
            raise Undecipherable(f"{self._name.decode()}: the bytes were changed") from None
        return text.decode()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"steppe key id" + key).digest()[:_KEY_ID_BYTES]
