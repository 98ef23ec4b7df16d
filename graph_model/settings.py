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
    batches_url: str = Field(
        default="",
        description="Bucket for the ledger's files: s3://bucket/folder?region=…; credentials from "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; default: the data folder",
    )
    timezone: str = Field(default="Asia/Shanghai", description="Time zone of sites that state none")
    country: str = Field(
        default="CN", description="Country of the plant, ISO 3166 alpha 2: its deadlines apply"
    )
    company: str = Field(
        default="PLANT", description="Company code where a row names no organisation"
    )
    lot_rule: str = Field(
        default="{yy}{mm}{dd}-{order}-{nn}",
        description="Rule of lot numbers given on the floor; parts: yyyy, yy, mm, dd, order, item, "
        "line, and a counter as wide as it has n",
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

    demo: bool = Field(
        default=False, description="One local user without sign-in, on this machine only"
    )
    demo_serve: bool = Field(
        default=True, description="`lotgraph demo` ends by serving its plant on this machine"
    )
    host: str = Field(default="127.0.0.1", description="Address that the service listens on")
    port: int = Field(default=8000, description="Port that the service listens on", ge=0, le=65535)
    public_url: str = Field(
        default="",
        description="Address that people type, where a proxy is in front: https://lots.example.com",
    )
    proxies: str = Field(
        default="", description="Addresses of proxies whose X-Forwarded-For and -Proto count"
    )
    workers: int = Field(
        default=1, description="Processes; more than one with Neo4j and PostgreSQL only", ge=1
    )
    session_key: SecretStr = Field(
        default=SecretStr(""),
        description="Long random text that keys the hashes of sessions and tokens; "
        "default: made at the first start, kept in the data folder",
    )
    admin_name: str = Field(default="", description="Account of the first admin")
    admin_password: SecretStr = Field(
        default=SecretStr(""), description="First password of that admin; has to be changed"
    )
    upload_mb: int = Field(default=512, description="Largest upload in MB", ge=1)
    dear_seconds: float = Field(
        default=120, description="Computing time that one user may ask for in a minute", gt=0
    )
    source_secrets: dict[str, SecretStr] = Field(
        default={},
        description='Credentials of source systems, as JSON: {"erp.app_secret": "…"}',
    )
    source_secrets_folder: Path | None = Field(
        default=None,
        description="Folder with these credentials, one a file of that name (erp.app_secret); "
        "goes before the JSON",
    )
    backup_passphrase: SecretStr = Field(
        default=SecretStr(""), description="What backups are encrypted with; default: asked for"
    )
    oidc_issuer: str = Field(default="", description="Address of an OpenID Connect server")
    oidc_client_id: str = Field(default="", description="What that server knows Lotgraph as")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="The secret that goes with it"
    )
    oidc_claim: str = Field(default="groups", description="Claim that lists a person's groups")
    oidc_roles: dict[str, str] = Field(
        default={}, description='Role by group, as JSON: {"qa-team": "quality"}'
    )

    @property
    def database(self) -> str:
        """URL of the records database."""
        return self.database_url or f"sqlite:///{self.data / 'ledger.sqlite'}"
