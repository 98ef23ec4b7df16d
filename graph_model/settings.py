"""All settings: environment variables `LOTGRAPH_…`, each described where it is declared."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
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

    graph: str = Field(
        default="embedded",
        description="embedded, or the address of a Neo4j server: neo4j://, bolt://, also +s, +ssc",
    )
    neo4j_user: str = Field(default="neo4j", description="User of the Neo4j database")
    neo4j_password: SecretStr = Field(default=SecretStr(""), description="Password of that user")
    neo4j_password_file: Path | None = Field(
        default=None, description="File with the password; goes before the password itself"
    )
    neo4j_database: str = Field(default="neo4j", description="Database on the Neo4j server")
    neo4j_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that the Neo4j server's must be signed by"
    )
    neo4j_home: Path | None = Field(
        default=None,
        description="Folder of the Neo4j server, where its files are here: for project --offline",
    )
    neo4j_seconds: float = Field(default=60, description="Longest time of one question", gt=0)

    @property
    def database(self) -> str:
        """URL of the records database."""
        return self.database_url or f"sqlite:///{self.data / 'ledger.sqlite'}"
