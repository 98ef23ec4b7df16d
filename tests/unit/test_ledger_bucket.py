"""Ledgers whose files lie in a bucket of an object store: a server that speaks S3 on loopback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import boto3
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from graph_model.backup import backup, restore
from graph_model.errors import BadInput, LedgerError
from graph_model.ledger import Ledger
from graph_model.ledger.payloads import INLINE_ROWS
from graph_model.plant import Plant
from graph_model.projection import facts_hash
from graph_model.schema import Item, conform
from graph_model.settings import Settings

MANY = 5 * INLINE_ROWS
PASSPHRASE = "a passphrase of some length"


def items(count: int, unit: str = "kg") -> dict[str, pl.DataFrame]:
    rows = pl.select(item_code=pl.format("I{}", pl.int_range(count)))
    frame = rows.with_columns(key="P/" + pl.col("item_code"), company=pl.lit("P"), uom=pl.lit(unit))
    return {"Item": conform(Item, frame, provenance=True)}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def address(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, with keys in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    name = tmp_path.name.replace("_", "-").lower()
    client(endpoint).create_bucket(Bucket=name)
    return f"s3://{name}/plant?endpoint_override={endpoint}&scheme=http&region=us-east-1"


def client(endpoint: str) -> boto3.client:
    return boto3.client("s3", endpoint_url=f"http://{endpoint}", region_name="us-east-1")


def names(endpoint: str, address: str) -> list[str]:
    bucket = address.split("/")[2]
    found = client(endpoint).list_objects_v2(Bucket=bucket).get("Contents", [])
    return [entry["Key"] for entry in found]


def test_ledger_in_a_bucket_reads_as_one_in_a_folder(
    endpoint: str, address: str, tmp_path: Path
) -> None:
    hashes = []
    for name, url in (("bucket", address), ("folder", "")):
        with Plant(Settings(data=tmp_path / name, batches_url=url)) as plant:
            plant.ledger.append(items(MANY), source="a", who="t")
            plant.ledger.append(items(MANY, "g"), source="a", who="t")
            plant.ledger.append(items(3, "t"), source="a", who="t")
            plant.ledger.undo(2, who="t", reason="wrong unit")
            assert plant.ledger.verify() == []
            hashes.append(facts_hash(plant.network(), plant.facts()))
    assert hashes[0] == hashes[1]
    assert not (tmp_path / "bucket" / "batches").exists()
    assert {Path(name).suffix for name in names(endpoint, address)} == {".parquet", ".sums"}
    with Ledger(tmp_path / "bucket", batches_url=address) as again:
        assert again.verify() == []


def test_damage_and_loss_in_a_bucket_are_named(endpoint: str, address: str, tmp_path: Path) -> None:
    with Ledger(tmp_path / "data", batches_url=address) as ledger:
        ledger.append(items(MANY), source="a", who="t")
        (file,) = [name for name in names(endpoint, address) if name.endswith(".parquet")]
        bucket = address.split("/")[2]
        whole = client(endpoint).get_object(Bucket=bucket, Key=file)["Body"].read()
        client(endpoint).put_object(Bucket=bucket, Key=file, Body=whole[:-9])
        assert [fault.what for fault in ledger.verify()] == ["edited"]
        client(endpoint).delete_object(Bucket=bucket, Key=file)
        assert [fault.what for fault in ledger.verify()] == ["lost"]
    with (
        Plant(Settings(data=tmp_path / "data", batches_url=address)) as plant,
        pytest.raises(LedgerError),
    ):
        plant.facts()


def test_what_an_importer_left_that_died_is_removed(
    endpoint: str, address: str, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "data", batches_url=address) as ledger:
        ledger.files.write("00000001-lot.parquet", lambda out: out.write(b"half"))
        ledger.append(items(MANY), source="a", who="t")
    assert "plant/00000001-lot.parquet" not in names(endpoint, address)


def test_nothing_is_imported_where_the_bucket_is_not(address: str, tmp_path: Path) -> None:
    bucket = address.split("/")[2]
    with (
        Ledger(tmp_path / "data", batches_url=address.replace(bucket, "none")) as ledger,
        pytest.raises(LedgerError, match="Nothing was imported"),
    ):
        ledger.append(items(MANY), source="a", who="t")
    with Ledger(tmp_path / "data", batches_url=address) as ledger:
        assert ledger.batches() == []


def test_backup_of_a_bucket_holds_its_files(address: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", batches_url=address)
    with Plant(settings) as plant:
        plant.ledger.append(items(MANY), source="a", who="t")
        head = plant.ledger.head()
    backup(settings, tmp_path / "copy.lgb", PASSPHRASE)
    restore(tmp_path / "copy.lgb", tmp_path / "again", PASSPHRASE)
    with Ledger(tmp_path / "again") as ledger:
        assert ledger.head() == head
        assert ledger.verify() == []


@pytest.mark.parametrize("url", ["http://host/x", "s3://key:secret@bucket/x", "s3://", "bucket"])
def test_addresses_that_are_no_buckets_or_hold_keys_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        Ledger(tmp_path, batches_url=url)
    assert "LOTGRAPH_BATCHES_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
