"""One tree out of the environment."""

from pathlib import Path

import pytest

from core.settings import SECRETS, SettingsError, load, variables

SECRET_VALUES = {f"STEPPE_SECURITY__{name.upper()}": name * 8 for name in SECRETS}


def test_without_anything_it_is_the_demo() -> None:
    settings = load({"PATH": "/bin"})
    assert settings.environment == "demo"
    assert settings.database_url == f"sqlite+aiosqlite:///{Path('var').absolute()}/steppe.sqlite3"


def test_values_are_parsed_by_the_type_of_their_field() -> None:
    settings = load(
        {
            "STEPPE_API__PORT": "9000",
            "STEPPE_TIME__RATE": "2.5",
            "STEPPE_SECURITY__SECURE_COOKIES": "False",
            "STEPPE_DATA_DIR": "/srv/steppe",
            "STEPPE_TIME__ORIGIN_WALL": "2026-07-01T00:00:00Z",
            "STEPPE_TIME__ORIGIN_CITY": "2026-07-01T00:00:00Z",
        }
    )
    assert (settings.api.port, settings.time.rate, settings.data_dir) == (9000, 2.5, Path("/srv/steppe"))
    assert settings.security.secure_cookies is False


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"STEPPE_API__PROT": "1"}, "STEPPE_API__PROT: there is no such setting"),
        ({"STEPPE_NOWHERE__X": "1"}, "there is no section 'nowhere'"),
        ({"STEPPE_API": "1"}, "is a section"),
        ({"STEPPE_ENVIROMENT": "test"}, "there is no such setting"),
        ({"STEPPE_API__PORT": "70000"}, "STEPPE_API__PORT: Expected `int` <= 65535"),
        ({"STEPPE_API__PORT": "http"}, "STEPPE_API__PORT: Expected `int`"),
        ({"STEPPE_TIME__RATE": "61"}, "STEPPE_TIME__RATE: Expected `float` <= 60"),
        ({"STEPPE_SECURITY__SECURE_COOKIES": "yes"}, "STEPPE_SECURITY__SECURE_COOKIES: Expected `bool`"),
        ({"STEPPE_CRASH__POINT": "after_commit"}, "only the test environment"),
        ({"STEPPE_TIME__ORIGIN_WALL": "2026-07-01T00:00:00Z"}, "are given together"),
        ({"STEPPE_SECURITY__TOKEN_KEY": "short"}, "at least 32 characters, 5 given"),
        ({"STEPPE_DATABASE__URL": "mysql://h/d"}, "STEPPE_DATABASE__URL: begins with sqlite"),
        ({"STEPPE_REDIS__URL": ""}, "STEPPE_REDIS__URL: begins with redis://"),
        ({"STEPPE_CITY__ZONE": "Asia/Ordos"}, "no time zone is called 'Asia/Ordos'"),
    ],
)
def test_a_setting_that_is_unknown_or_out_of_range_is_refused_by_its_name(
    environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load(environ)


@pytest.mark.parametrize("environment", ["production", "rehearsal"])
def test_secrets_have_no_default_outside_demo_and_test(environment: str) -> None:
    with pytest.raises(SettingsError, match="a secret has no default"):
        load({"STEPPE_ENVIRONMENT": environment})
    assert load({"STEPPE_ENVIRONMENT": environment, **SECRET_VALUES}).environment == environment


def test_the_keys_of_the_demo_are_refused_in_production() -> None:
    demo_key = load({}).security.token_key
    assert demo_key is not None
    with pytest.raises(SettingsError, match="key of the demo"):
        load({"STEPPE_ENVIRONMENT": "production", **SECRET_VALUES, "STEPPE_SECURITY__TOKEN_KEY": demo_key})


def test_city_time_runs_at_one_in_production() -> None:
    with pytest.raises(SettingsError, match="runs at 1 in production"):
        load({"STEPPE_ENVIRONMENT": "production", "STEPPE_TIME__RATE": "10", **SECRET_VALUES})


def test_a_secret_never_shows_in_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"STEPPE_SECURITY__TOKEN_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_every_variable_is_named_once() -> None:
    names = variables()
    assert len(names) == len(set(names))
    assert "STEPPE_DATA_DIR" in names
    assert "STEPPE_GATEWAY__PORT" in names
