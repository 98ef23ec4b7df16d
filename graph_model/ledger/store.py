"""Where sealed payload files lie: in a folder, or in a bucket of an object store.

A file is written once under its name and never changed. It is there for good when `settle` returns,
and a batch names it only after that.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from pyarrow import fs

from graph_model.errors import BadInput

Fill = Callable[[IO[bytes]], object]
"""Writes the content of a file."""


class Store(Protocol):
    """Files by name."""

    def read(self, name: str) -> bytes:
        """The content. Raises OSError where there is none."""

    def write(self, name: str, fill: Fill) -> str:
        """Writes a file; its SHA-256. Raises OSError."""

    def settle(self) -> None:
        """Returns when all that was written is there for good."""

    def drop(self, prefix: str) -> None:
        """Removes all files whose name begins so."""

    def address(self, name: str) -> str:
        """Where another program finds the file."""


class Folder:
    """Files of this machine."""

    def __init__(self, place: Path) -> None:
        place.mkdir(exist_ok=True)
        self._place = place

    def read(self, name: str) -> bytes:
        """The content. Raises OSError where there is none."""
        return (self._place / name).read_bytes()

    def write(self, name: str, fill: Fill) -> str:
        """Writes a file; its SHA-256. Raises OSError."""
        with (self._place / name).open("wb+") as file:
            fill(file)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        return digest

    def settle(self) -> None:
        """Brings the names of new files to disk."""
        folder = os.open(self._place, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self, prefix: str) -> None:
        """Removes all files whose name begins so."""
        for stray in self._place.glob(f"{prefix}*"):
            stray.unlink()

    def address(self, name: str) -> str:
        """The file with its whole path."""
        return str((self._place / name).resolve())


class Bucket:
    """Objects below one address, each put whole: `s3://bucket/folder?region=…&endpoint_override=…`.

    The environment holds the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, a profile or the
    machine's role), never the address, which is printed. Raises BadInput.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc:
            raise BadInput("bad_batches_url", scheme=parts.scheme)
        try:
            self._files, self._place = fs.FileSystem.from_uri(address)
        except (ValueError, OSError) as error:
            raise BadInput("bad_batches_url", scheme=parts.scheme) from error

    def _path(self, name: str) -> str:
        return f"{self._place}/{name}"

    def read(self, name: str) -> bytes:
        """The content. Raises OSError where there is none."""
        with self._files.open_input_stream(self._path(name)) as stream:
            content: bytes = stream.read()
        return content

    def write(self, name: str, fill: Fill) -> str:
        """Puts an object; its SHA-256. Raises OSError."""
        content = io.BytesIO()
        fill(content)
        with self._files.open_output_stream(self._path(name)) as stream:
            stream.write(content.getbuffer())
        return hashlib.sha256(content.getbuffer()).hexdigest()

    def settle(self) -> None:
        """An object that was put is there for good."""

    def drop(self, prefix: str) -> None:
        """Removes all objects whose name begins so."""
        place = fs.FileSelector(self._place, allow_not_found=True)
        for found in self._files.get_file_info(place):
            if found.base_name.startswith(prefix):
                self._files.delete_file(found.path)

    def address(self, name: str) -> str:
        """The object with its bucket."""
        return f"s3://{self._path(name)}"


def store(folder: Path, address: str) -> Store:
    """The bucket at the address; without one the folder."""
    return Bucket(address) if address else Folder(folder)
