"""`sources.toml`: what is wrong in it is said, and no credential may stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_model.errors import BadInput, NotFound
from graph_model.settings import Settings
from loaders.sources import config

GOOD = '[jdy]\nkind = "jiandaoyun"\naddress = "https://api.jiandaoyun.com/api"\napp_id = "1"\n'


def read(folder: Path, toml: str) -> dict[str, config.Configured]:
    """The sources of a file."""
    (folder / config.FILE).write_text(toml, encoding="utf-8")
    return config.read(Settings(data=folder))


def test_a_folder_without_the_file_has_no_sources(tmp_path: Path) -> None:
    assert config.read(Settings(data=tmp_path)) == {}
    with pytest.raises(NotFound, match=r"sources\.toml"):
        config.one(Settings(data=tmp_path), "erp")


@pytest.mark.parametrize(("written", "seconds"), [("30m", 1800), ("1h", 3600), ("2 d", 172800)])
def test_an_interval_is_read(tmp_path: Path, written: str, seconds: int) -> None:
    assert read(tmp_path, GOOD + f'every = "{written}"\n')["jdy"].every == seconds


@pytest.mark.parametrize(("toml", "code"), [
    ("[jdy\n", "sources_unreadable"),
    ('[JDY]\nkind = "jiandaoyun"\n', "source_name_bad"),
    ('["../x"]\nkind = "jiandaoyun"\n', "source_name_bad"),
    ('[jdy]\nkind = "sap"\n', "source_kind_unknown"),
    (GOOD + 'every = "0m"\n', "source_every_bad"),
    (GOOD + 'every = "often"\n', "source_every_bad"),
    (GOOD + 'key = "canary"\n', "source_secret_shown"),
    (GOOD + 'password = "canary"\n', "source_secret_shown"),
    ('[network]\nprivate = ["home"]\n' + GOOD, "source_network_bad"),
    (GOOD + '[jdy.forms."x"]\nsheet = "nowhere"\n', "source_form_bad"),
    (GOOD + '[jdy.forms."x"]\nsheet = "issues"\nfields = { colour = "a" }\n', "source_form_bad"),
    (GOOD + '[jdy.forms."x"]\nsheet = "issues"\nmode = 1\n', "source_form_bad"),
])  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, toml: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, toml)
    assert refused.value.code == code
    assert "canary" not in str(refused.value)


def test_credentials_come_from_files_first_then_from_the_settings(tmp_path: Path) -> None:
    source = read(tmp_path, GOOD)["jdy"]
    with pytest.raises(BadInput, match=r"jdy\.key"):
        source.secret(Settings(data=tmp_path), "key")
    given = {"data": tmp_path, "source_secrets": {"jdy.key": "from settings"}}
    assert source.secret(Settings.model_validate(given), "key") == "from settings"
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "jdy.key").write_text("from file\n")
    settings = Settings.model_validate({**given, "source_secrets_folder": folder})
    assert source.secret(settings, "key") == "from file"
    assert "from settings" not in repr(settings)
