"""Reads the tree from the environment, once: what is unknown, missing or outside its limits is named.

A variable is STEPPE_<FIELD> for the top and STEPPE_<SECTION>__<FIELD> below it. Lists are written with
commas.
"""

import difflib
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.settings.tree import SECRETS, Settings

PREFIX = "STEPPE_"
MIN_SECRET_CHARS = 32


class SettingsError(ValueError):
    """The environment holds a setting that is unknown, missing or outside its limits."""


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process: the only read of it in the server."""
    return types.MappingProxyType(dict(os.environ))


def child_environment(settings_of_child: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: ours, with the given variables replaced."""
    return {**os.environ, **settings_of_child}


def replace_environment(variables: Mapping[str, str]) -> None:
    """Make these the environment of this process: it was forked from one that had another."""
    os.environ.clear()
    os.environ.update(variables)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; raise SettingsError naming the variable and its limit."""
    tree: dict[str, Any] = {}
    for name, value in environ.items():
        if name.startswith(PREFIX):
            _place(tree, name, value)
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise SettingsError(_in_terms_of_variables(str(error))) from None
    return _checked(settings)


def variables() -> list[str]:
    """Return the name of every variable that load() understands, in the order of the tree."""
    names: list[str] = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            names += [
                f"{PREFIX}{field.name}__{inner.name}".upper() for inner in msgspec.structs.fields(field.type)
            ]
        else:
            names.append(f"{PREFIX}{field.name}".upper())
    return names


def _place(tree: dict[str, Any], name: str, value: str) -> None:
    section, _, field = name.removeprefix(PREFIX).lower().partition("__")
    if not field:
        tree[section] = _typed(Settings, section, value, name)
        return
    struct = typing.get_type_hints(Settings).get(section)
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
        raise SettingsError(f"{name}: there is no section {section!r}")
    tree.setdefault(section, {})[field] = _typed(struct, field, value, name)


def _typed(struct: type[msgspec.Struct], field: str, value: str, name: str) -> object:
    known = {known.name: known for known in msgspec.structs.fields(struct)}
    if field not in known:
        near = difflib.get_close_matches(name, variables(), n=1, cutoff=0.85)
        meant = f"did you mean {near[0]}? " if near else ""
        raise SettingsError(f"{name}: there is no such setting; {meant}`docs/settings.md` lists them")
    if struct is Settings and known[field].default_factory is not msgspec.NODEFAULT:
        raise SettingsError(f"{name}: {field!r} is a section; write {name}__<FIELD>")
    listed = typing.get_origin(known[field].type) in (tuple, frozenset, list)
    return [part.strip() for part in value.split(",") if part.strip()] if listed else value


def _decoded(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind} has no reading from the environment")


def _in_terms_of_variables(message: str) -> str:
    said, _, path = message.partition(" - at `$.")
    if not path:
        return message
    return f"{PREFIX}{path.rstrip('`').replace('.', '__').upper()}: {said}"


def _checked(settings: Settings) -> Settings:
    lenient = settings.environment in ("demo", "test")
    filled: dict[str, str] = {}
    missing = [
        f"{PREFIX}SECURITY__{name.upper()}" for name in SECRETS if getattr(settings.security, name) is None
    ]
    if missing and not lenient:
        more = f"; nor have {', '.join(missing[1:])}" if missing[1:] else ""
        raise SettingsError(f"{missing[0]}: a secret has no default in {settings.environment}{more}")
    for name in SECRETS:
        value = getattr(settings.security, name)
        variable = f"{PREFIX}SECURITY__{name.upper()}"
        if value is None:
            filled[name] = f"known-to-everybody-demo-{name}-0123456789"
        elif len(value) < MIN_SECRET_CHARS:
            raise SettingsError(f"{variable}: at least {MIN_SECRET_CHARS} characters, {len(value)} given")
        elif not lenient and value.startswith("known-to-everybody"):
            raise SettingsError(f"{variable}: this is the key of the demo")
    if settings.environment == "production" and settings.time.rate != 1:
        raise SettingsError(f"{PREFIX}TIME__RATE: city time runs at 1 in production")
    if (settings.time.origin_wall is None) != (settings.time.origin_city is None):
        raise SettingsError(f"{PREFIX}TIME__ORIGIN_WALL and {PREFIX}TIME__ORIGIN_CITY are given together")
    if settings.crash.point is not None and settings.environment != "test":
        raise SettingsError(f"{PREFIX}CRASH__POINT: only the test environment may crash on purpose")
    _check_shapes(settings)
    security = msgspec.structs.replace(settings.security, **filled)
    return msgspec.structs.replace(settings, security=security)


def _check_shapes(settings: Settings) -> None:
    """Raise SettingsError for an address of another kind or a time zone that nobody knows."""
    stores, redis = ("sqlite+aiosqlite:///", "postgresql+asyncpg://"), ("redis://", "rediss://", "unix://")
    cluster = ("redis-cluster://", "rediss-cluster://")
    web = ("http://", "https://")
    for name, value, kinds in (
        ("DATABASE__URL", settings.database.url, stores),
        ("REDIS__URL", settings.redis.url, redis),
        ("REDIS__STREAMS_URL", settings.redis.streams_url, redis + cluster),
        ("API__PUBLIC_URL", settings.api.public_url, web),
        ("API__ROUTING_URL", settings.api.routing_url, web),
        ("NOTICES__WEBHOOK_URL", settings.notices.webhook_url, web),
    ):
        if value is not None and not value.startswith(kinds):
            # the value is not repeated: it may hold a password
            raise SettingsError(f"{PREFIX}{name}: begins with {' or '.join(kinds)}")
    try:
        ZoneInfo(settings.city.zone)
    except (KeyError, ValueError):
        raise SettingsError(f"{PREFIX}CITY__ZONE: no time zone is called {settings.city.zone!r}") from None
