"""All settings: environment variables `LOTGRAPH_…`, each described where it is declared."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="LOTGRAPH_")

    data: Path = Field(default=Path("lotgraph-data"), description="Data folder")
    lang: str = Field(default="en", description="Language of all texts: en or zh")
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the records database; default: SQLite in the folder",
    )
    timezone: str = Field(default="Asia/Shanghai", description="Time zone of sites that state none")
    company: str = Field(
        default="PLANT", description="Company code where a row names no organisation"
    )

    @property
    def database(self) -> str:
        """URL of the records database."""
        return self.database_url or f"sqlite:///{self.data / 'ledger.sqlite'}"
