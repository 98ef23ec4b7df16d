"""A backup of a data folder while it is served, encrypted with the user's key; and its way back.

The file is `LGB1`, a salt, then chunks of AES-256-GCM: each is numbered, and the last is marked, so
that none can be changed, left out, put in another order or cut off unseen. The key is made from a
passphrase by scrypt. Inside is a tar of the databases (copied by SQLite's own backup, so whole at
one moment), the sealed payloads that their manifest names, and a list of SHA-256 of everything.
Graph and arrays are left out: they are made anew from the ledger.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from graph_model.errors import BadInput, LedgerError
from graph_model.ledger import Ledger
from graph_model.ledger.manifest import Part, read_files
from graph_model.ledger.payloads import sums_file
from graph_model.ledger.store import Bucket
from graph_model.settings import Settings

_MAGIC = b"LGB1"
_SALT, _CHUNK = 16, 1 << 20
_ABOUT = "about.json"
_DATABASES = ("ledger.sqlite", "audit.sqlite")
_KEY_FILE = "session.key"
SHORTEST = 16


def backup(settings: Settings, to: Path, passphrase: str) -> dict[str, Any]:
    """Writes a backup and reads it back; says what is in it. Raises BadInput.

    With PostgreSQL the payloads and settings are kept; the database has its own backup (pg_dump).
    """
    if len(passphrase) < SHORTEST:
        raise BadInput("backup_passphrase", length=SHORTEST)
    draft = to.with_name(to.name + ".part")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            files = _gathered(settings, Path(scratch))
            about = _about(settings, files)
            with (
                draft.open("xb") as out,
                _Encrypted(out, passphrase) as sealed,
                tarfile.open(fileobj=sealed, mode="w|") as tar,
            ):
                _add(tar, _ABOUT, json.dumps(about, indent=1).encode())
                for name, path in files.items():
                    tar.add(path, name, recursive=False)
        _check(draft, passphrase)
        draft.replace(to)
    except OSError as error:
        raise BadInput("output_unwritable", path=str(to)) from error
    finally:
        draft.unlink(missing_ok=True)
    return about


def _gathered(settings: Settings, scratch: Path) -> dict[str, Path]:
    """Name in the backup -> file, all of one moment. The manifest goes first: a payload that it
    names was sealed before."""
    files: dict[str, Path] = {}
    for name in _DATABASES:
        if (settings.data / name).exists():
            files[name] = scratch / name
            with (
                contextlib.closing(sqlite3.connect(settings.data / name)) as source,
                contextlib.closing(sqlite3.connect(files[name])) as copy,
            ):
                source.backup(copy)
    if settings.database_url is not None:
        with Ledger(settings.data, settings.database_url) as ledger:
            parts = [
                part for batch in ledger.batches() for ps in batch.files.values() for part in ps
            ]
    else:
        parts = _parts(files["ledger.sqlite"]) if "ledger.sqlite" in files else []
    named = {part.file for part in parts if part.file}
    # Batches that were sealed long ago have no sums; a payload that is lost is told.
    named |= {sums_file(part.file) for part in parts if part.file and part.sums}
    for name in sorted(named):
        files[f"batches/{name}"] = _payload(settings, name, scratch)
    if (settings.data / _KEY_FILE).exists():
        files[_KEY_FILE] = settings.data / _KEY_FILE
    return files


def _payload(settings: Settings, name: str, scratch: Path) -> Path:
    """The payload file; from a bucket a copy of it."""
    if not settings.batches_url:
        return settings.data / "batches" / name
    copy = scratch / name
    copy.write_bytes(Bucket(settings.batches_url).read(name))
    return copy


def _parts(database: Path) -> list[Part]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT files FROM batch").fetchall()
    return [part for (text,) in rows for parts in read_files(text).values() for part in parts]


def _about(settings: Settings, files: dict[str, Path]) -> dict[str, Any]:
    public = settings.model_dump(mode="json", exclude={
        "session_key", "admin_password", "neo4j_password", "oidc_client_secret", "database_url",
    })  # fmt: skip
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": public,
        "files": {name: _digest(path) for name, path in files.items()},
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def restore(file: Path, data: Path, passphrase: str) -> dict[str, Any]:
    """Writes a backup into an empty folder; says what was in it. Then the ledger is verified.

    Raises BadInput for a wrong passphrase, a damaged file or a folder with data in it; nothing is
    left behind then. Raises LedgerError where what was backed up was damaged before.
    """
    if data.exists() and any(data.iterdir()):
        raise BadInput("restore_folder_taken", folder=str(data))
    data.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix=".restoring-") as scratch:
        draft = Path(scratch) / "data"
        draft.mkdir()
        about = _read(file, passphrase, draft)
        if (draft / "ledger.sqlite").exists():
            with Ledger(draft) as ledger:
                for fault in ledger.verify():
                    raise LedgerError("batch_unreadable", batch=fault.batch, file=fault.file)
        if data.exists():
            data.rmdir()
        draft.replace(data)
    return about


def _check(file: Path, passphrase: str) -> None:
    _read(file, passphrase, None)


def _read(file: Path, passphrase: str, to: Path | None) -> dict[str, Any]:
    """Reads a backup, compares every hash, and writes the files where `to` says."""
    found: dict[str, str] = {}
    about: dict[str, Any] = {}
    try:
        with file.open("rb") as raw:
            opened = _Decrypted(raw, passphrase)
            with tarfile.open(fileobj=opened, mode="r|") as tar:
                for entry in tar:
                    content, name = tar.extractfile(entry), entry.name
                    if content is None or name.startswith("/") or ".." in name.split("/"):
                        raise BadInput("backup_damaged", file=str(file))
                    if name == _ABOUT:
                        about = json.loads(content.read())
                    else:
                        found[name] = _written(content, None if to is None else to / name)
            while opened.read(_CHUNK):  # to the end, which shows that nothing was cut off
                pass
    except (OSError, InvalidTag, tarfile.TarError, ValueError) as error:
        raise BadInput("backup_damaged", file=str(file)) from error
    if not about or found != about["files"]:
        raise BadInput("backup_damaged", file=str(file))
    return about


def _written(content: IO[bytes], to: Path | None) -> str:
    digest = hashlib.sha256()
    with contextlib.ExitStack() as stack:
        out: IO[bytes] | None = None
        if to is not None:
            to.parent.mkdir(parents=True, exist_ok=True)
            mode = 0o600 if to.name == _KEY_FILE else 0o644
            handle = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
            out = stack.enter_context(os.fdopen(handle, "wb"))
        while block := content.read(_CHUNK):
            digest.update(block)
            if out is not None:
                out.write(block)
    return digest.hexdigest()


# ---------------------------------------------------------------------------- encryption


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # scrypt with 128 MiB (N = 2^17, r = 8): OWASP Password Storage Cheat Sheet, 2026.
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 17, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    """Each chunk has its own; the mark of the last one shows where the file ends."""
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class _Encrypted(io.RawIOBase):
    """A file that is encrypted as it is written."""

    def __init__(self, out: IO[bytes], passphrase: str) -> None:
        salt = secrets.token_bytes(_SALT)
        self._out, self._cipher = out, _cipher(passphrase, salt)
        self._held, self._number = bytearray(), 0
        out.write(_MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        while len(self._held) > _CHUNK:  # the last chunk stays until it is known to be it
            self._seal(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._held), last=True)
            self._out.flush()
            os.fsync(self._out.fileno())
        super().close()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, _MAGIC))
        self._number += 1


class _Decrypted(io.RawIOBase):
    """A file that is decrypted as it is read. Raises InvalidTag for anything not as written."""

    def __init__(self, raw: IO[bytes], passphrase: str) -> None:
        if raw.read(len(_MAGIC)) != _MAGIC:
            raise ValueError("no backup")
        self._chunks = self._opened(raw, _cipher(passphrase, raw.read(_SALT)))
        self._held = b""

    def readable(self) -> bool:
        return True

    def _opened(self, raw: IO[bytes], cipher: AESGCM) -> Iterator[bytes]:
        size, number = _CHUNK + 16, 0
        chunk = raw.read(size)
        while chunk:
            following = raw.read(size)
            yield cipher.decrypt(_nonce(number, last=not following), chunk, _MAGIC)
            chunk, number = following, number + 1

    def readinto(self, buffer: Any) -> int:
        if not self._held:
            self._held = next(self._chunks, b"")
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size
