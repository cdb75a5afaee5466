"""Settings from the environment and a ``.env`` file, read when they are asked for."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What admira takes from the environment, or from ``.env`` in the working folder.

    Each field is the variable of its name in capitals; one that is empty counts as not set.
    Arguments of a call always win.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    ads_api_url: str | None = Field(default=None, repr=False)
    crm_api_url: str | None = Field(default=None, repr=False)
    admira_store: str = "./admira-store"
    admira_language: str = "en"
