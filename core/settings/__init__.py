"""The settings: one frozen tree, read once from the environment and passed down."""

from core.settings.causes import CauseSettings
from core.settings.reading import (
    PREFIX,
    SettingsError,
    child_environment,
    load,
    process_environment,
    replace_environment,
    variables,
)
from core.settings.tree import SECRETS, HistorySettings, JudgingSettings, SecuritySettings, Settings

__all__ = [
    "PREFIX",
    "SECRETS",
    "CauseSettings",
    "HistorySettings",
    "JudgingSettings",
    "SecuritySettings",
    "Settings",
    "SettingsError",
    "child_environment",
    "load",
    "process_environment",
    "replace_environment",
    "variables",
]
