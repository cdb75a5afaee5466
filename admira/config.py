"""Settings from arguments, the environment and a ``.env`` file, read when they are asked for."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from admira.errors import OptionError, SettingsError


def _place(value: str) -> str:
    """Refuse a web address that nothing can be asked at; what is no web address is a path."""
    is_web = value.lower().startswith(("http:", "https:"))
    return _web_address(value) if is_web else value


def _web_address(value: str) -> str:
    """Refuse what is no web address; reading the port refuses one out of range."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return value


def _text(value: SecretStr) -> SecretStr:
    """Refuse a secret that anybody can guess, because it is not there."""
    if not value.get_secret_value().strip():
        raise ValueError
    return value


Place = Annotated[str, AfterValidator(_place)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Secret = Annotated[SecretStr, AfterValidator(_text)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_PLACE = "a path or glob, or an http or https URL with a host and a port up to 65535"


class DisplaySettings(BaseSettings):
    """What is shown, and how: read apart, so that nothing else can keep a card from showing."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    admira_language: str = Field(
        default="en", title="en or es", description="the language of what is shown"
    )
    admira_traceback: bool = Field(
        default=False,
        title="1 or 0",
        description="whether an error in a notebook shows its whole traceback",
    )

    def __init__(self, **given: Any) -> None:
        unknown = sorted(set(given) - set(type(self).model_fields))
        if unknown:
            raise OptionError("setting", unknown[0], type(self).model_fields)
        try:
            super().__init__(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            wrong = str(error.errors(include_input=False)[0]["loc"][0])
        except (OSError, UnicodeDecodeError):
            raise SettingsError(".env", "a text file in UTF-8 that can be read") from None
        else:
            return
        # Outside the handler: pydantic's error spells out the values.
        raise SettingsError(wrong.upper(), str(type(self).model_fields[wrong].title))


class Settings(DisplaySettings):
    """What admira takes from the environment, or from ``.env`` in the working folder.

    Each field is the variable of its name in capitals; one that is empty counts as not set.
    Arguments win over the environment, and the environment over ``.env``.  It never changes, and
    shows neither addresses nor secrets.

    Parameters
    ----------
    **given
        Settings by name; one that is ``None`` counts as not given.

    Raises
    ------
    SettingsError
        When a setting is not what it should be, or ``.env`` cannot be read.
    OptionError
        When there is no such setting.

    Examples
    --------
    >>> import admira
    >>> admira.Settings(admira_store="shop").admira_store
    'shop'
    >>> admira.Settings(sink_url="http://sink.example.com:99999/kpis")
    Traceback (most recent call last):
    admira.errors.SettingsError: SINK_URL should be an http or https URL with a host and a port up
    to 65535; correct the argument, the variable or its line in .env.
    """

    ads_api_url: Place | None = Field(
        default=None,
        title=_PLACE,
        description="where ads come from when no source is given",
        repr=False,
    )
    crm_api_url: Place | None = Field(
        default=None,
        title=_PLACE,
        description="where opportunities come from when no source is given",
        repr=False,
    )
    sink_url: WebAddress | None = Field(
        default=None,
        title="an http or https URL with a host and a port up to 65535",
        description="where `export_metrics` sends KPIs",
        repr=False,
    )
    sink_secret: Secret | None = Field(
        default=None,
        title="text that is not blank",
        description="the secret that signs what is sent",
    )
    admira_store: str = Field(
        default="./admira-store",
        title="a folder or s3:// URL",
        description="the store that commands use when none is named",
    )
    admira_timeout_seconds: Seconds = Field(
        default=5,
        title="a number of seconds above 0",
        description="how long commands wait for a connection, and for the next byte",
    )
    admira_deadline_seconds: Seconds = Field(
        default=10,
        title="a number of seconds above 0",
        description="how long commands wait for an answer, tries and waits included",
    )
    admira_lock_timeout_seconds: Seconds = Field(
        default=60,
        title="a number of seconds above 0",
        description="how long commands wait for another writer of the store",
    )
