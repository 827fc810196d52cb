"""The folder that an office and the hub share: local, or any place that fsspec reaches (SFTP, SMB, S3).

    <folder>/                what the office puts here is a delivery
    <folder>/proses/         being read: moved here first, so that nobody changes it meanwhile
    <folder>/diterima/       a receipt for each accepted delivery, and its list of rows to mend
    <folder>/ditolak/        refused deliveries, each with its list of what to mend
    <folder>/dikesampingkan/ older than what was accepted already, or the same again
    <folder>/arsip/<table>/  accepted deliveries, named by time, declared day and SHA-256

Nothing of a delivery's rows ever leaves this folder but towards the hub.
"""

from __future__ import annotations

import errno
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from connectors.kinds.file_drop.faults import needed
from connectors.kinds.file_drop.options import Options
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain

CLAIMED, ACCEPTED, REFUSED, ASIDE, ARCHIVE = "proses", "diterima", "ditolak", "dikesampingkan", "arsip"
OURS = (".kesalahan.xlsx", ".tanda-terima.txt", ".sebab.txt")
_PIECE = 1024 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SECRET_FREE = ("host", "port")
_SILENCE_SECONDS = 60.0
_NOT_LET_IN = ("Authentication failed.", "No authentication methods available")
"""What paramiko says when the server answered no; of a line lost meanwhile it says more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a folder."""

    name: str
    size: int
    modified: str
    """Whatever the place calls its time of change; only compared."""
    modified_us: int
    """The same in microseconds since 1970 UTC, 0 where it cannot be told."""


class Place:
    """The shared folder; every method raises TryAgain when the place is away."""

    def __init__(self, files: Any, root: str, kind: str) -> None:
        self._files = files
        self._root = root.rstrip("/") or "/"
        self._kind = kind

    @property
    def identity(self) -> str:
        """What the folder is, without user or password."""
        parts = [str(value) for name in _SECRET_FREE if (value := getattr(self._files, name, ""))]
        return f"{self._kind}://{':'.join(parts)}{self._root}"

    def _at(self, *parts: str) -> str:
        for part in parts:
            if part in {"", ".", ".."} or PurePosixPath(part).name != part or "\\" in part:
                raise ValueError("a name of a file must not lead to another folder")
        return "/".join([self._root.rstrip("/"), *parts])

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except _lost() as error:
            if getattr(error, "errno", None) in _FULL:
                raise TryAgain("the disk of the folder of deliveries, or of this machine's temporary files, is full; "
                               "make room") from error  # fmt: skip
            raise TryAgain(f"the folder of deliveries cannot be reached: {type(error).__name__}") from error

    def is_folder(self) -> bool:
        """Say whether the shared folder is there."""
        with self._reached():
            return bool(self._files.isdir(self._root))

    def prepare(self) -> None:
        """Make the folders that are missing; raises RefuseToStart when the folder itself is not there."""
        with self._reached():
            if not self._files.isdir(self._root):
                raise RefuseToStart("the folder of deliveries does not exist; create it, or correct the place that the "
                                    "contract's dsn variable holds")  # fmt: skip
            for name in (CLAIMED, ACCEPTED, REFUSED, ASIDE, ARCHIVE):
                self._files.makedirs(self._at(name), exist_ok=True)

    def entries(self, *folder: str) -> list[Entry]:
        """Return the plain files of a folder; links, folders and hidden files are none."""
        self._files.invalidate_cache()
        try:
            with self._reached():
                found = self._files.ls(self._at(*folder) if folder else self._root, detail=True)
        except FileNotFoundError:
            return []
        return [_entry(info) for info in found if _is_delivery(info)]

    def claim(self, name: str) -> bool:
        """Take a file into work; False when it is gone meanwhile."""
        try:
            with self._reached():
                self._files.mv(self._at(name), self._at(CLAIMED, name))
        except FileNotFoundError:
            return False
        return True

    def move(self, name: str, *target: str) -> None:
        """Move a claimed file away; one that is gone is none to move."""
        with suppress(FileNotFoundError), self._reached():
            self._files.makedirs(self._at(*target[:-1]), exist_ok=True)
            self._files.mv(self._at(CLAIMED, name), self._at(*target))

    def keep(self, copy: Path, *target: str) -> None:
        """Write a copy that lies here to the place."""
        with self._reached():
            self._files.makedirs(self._at(*target[:-1]), exist_ok=True)
            self._files.put_file(str(copy), self._at(*target))

    def fetch(self, to: Path, limit: int, *path: str) -> str:
        """Copy a file here and return its SHA-256; stops a byte behind `limit`.  Raises FileNotFoundError."""
        digest, size = hashlib.sha256(), 0
        with self._reached(), self._files.open(self._at(*path), "rb") as source, to.open("wb") as copy:
            while size <= limit and (piece := source.read(_PIECE)):
                size += len(piece)
                digest.update(piece)
                copy.write(piece)
        return digest.hexdigest()

    def put(self, content: bytes, *path: str) -> None:
        """Write a small file of ours, whole or not at all."""
        with self._reached():
            try:
                with self._files.open(self._at(*path), "wb") as file:
                    file.write(content)
            except _lost():
                with suppress(*_lost()):
                    self._files.rm_file(self._at(*path))
                raise

    def remove(self, name: str) -> None:
        """Remove a file of the shared folder, such as a marker."""
        with suppress(FileNotFoundError), self._reached():
            self._files.rm_file(self._at(name))

    def close(self) -> None:
        """Leave the place; safe to repeat."""
        client = getattr(self._files, "client", None)
        if client is not None and self._kind == "sftp":
            client.close()


def _lost() -> tuple[type[Exception], ...]:
    """Return what says that a place is away."""
    lost: tuple[type[Exception], ...] = (OSError, EOFError)
    return (*lost, sys.modules["paramiko"].SSHException) if "paramiko" in sys.modules else lost


def _is_delivery(info: dict[str, Any]) -> bool:
    name = _name(info)
    printable = name.isprintable() and "\\" not in name
    hidden = name.startswith((".", "~$")) or name.endswith((*OURS, ".tmp", ".part", ".crdownload"))
    return info["type"] == "file" and not info.get("islink") and printable and not hidden and bool(name)


def _name(info: dict[str, Any]) -> str:
    return PurePosixPath(str(info["name"])).name


def _entry(info: dict[str, Any]) -> Entry:
    moment = info.get("mtime") or info.get("LastModified") or info.get("created") or ""
    seconds = moment.timestamp() if hasattr(moment, "timestamp") else moment
    micros = int(seconds * 1e6) if isinstance(seconds, int | float) else 0
    return Entry(_name(info), int(info.get("size") or 0), str(moment), micros)


def open_place(contract: Contract, options: Options) -> Place:
    """Return the folder that the contract's dsn variable names; raises RefuseToStart or TryAgain."""
    fsspec = needed("fsspec", "files")
    address = contract.dsn()
    kind = address.partition("://")[0] if "://" in address else "file"
    extra = options.storage_arguments()
    if kind in {"sftp", "ssh"}:
        from connectors.kinds.file_drop.sftp import arguments

        extra |= arguments(options.host_key)
        kind = "sftp"
    try:
        files, root = fsspec.core.url_to_fs(address, skip_instance_cache=True, **extra)
    except (ImportError, ValueError, TypeError) as error:
        raise RefuseToStart(f"source {contract.source.name}: a place of kind {kind} cannot be opened: {_brief(error)}; "
                            "install what fsspec needs for it, and check options.storage") from error  # fmt: skip
    except FileNotFoundError as error:
        raise RefuseToStart(f"source {contract.source.name}: the folder of deliveries does not exist") from error
    except _lost() as error:
        if type(error).__name__ == "BadAuthenticationType" or str(error) in _NOT_LET_IN:
            raise RefuseToStart(f"source {contract.source.name}: the place of deliveries refuses user or password; "
                                f"correct {contract.source.dsn}") from error  # fmt: skip
        raise TryAgain(f"the place of deliveries cannot be reached: {type(error).__name__}") from error
    if kind == "sftp":
        files.ftp.get_channel().settimeout(_SILENCE_SECONDS)
    return Place(files, str(root), kind)


def _brief(error: Exception) -> str:
    """Return an error's text if it is about a missing library: others may repeat the address with its password."""
    return str(error) if isinstance(error, ImportError) else type(error).__name__
