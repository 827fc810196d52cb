"""`satudata backup`: the consolidated store in one file, from one snapshot of PostgreSQL, with its SHA-256 beside it.

Only PostgreSQL is backed up: it is the record for history, aliases and judgements, and Kafka's offsets stand in it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from hub.serve.pgtools import environment, program
from hub.wire.errors import RefuseToStart

SCHEMAS = ("link", "store")
_CHUNK = 1 << 20
Progress = Callable[[int], None]
"""Told the bytes done so far."""


def sidecar(file: Path) -> Path:
    """Return where a backup's SHA-256 stands."""
    return file.with_name(file.name + ".sha256")


def write(url: str, file: Path, progress: Progress = lambda _bytes: None) -> int:
    """Write a backup and its checksum; return its size.  Raises RefuseToStart; never overwrites."""
    for taken in (file, sidecar(file)):
        if taken.exists():
            raise RefuseToStart(f"{taken} exists already; give another name, a backup is never overwritten")
    if not file.parent.is_dir():
        raise RefuseToStart(f"there is no folder {file.parent}; create it first")
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        digest, size = _dump(url, draft, progress)
        sidecar(file).write_text(f"{digest}  {file.name}\n", encoding="utf-8")
        os.link(draft, file)  # unlike a rename it cannot overwrite
    finally:
        draft.unlink(missing_ok=True)
    return size


def _dump(url: str, draft: Path, progress: Progress) -> tuple[str, int]:
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s",
               *(f"--schema={name}" for name in SCHEMAS)]  # fmt: skip
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as out,
        subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment(url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as dump,
    ):
        assert dump.stdout is not None
        assert dump.stderr is not None
        while chunk := dump.stdout.read(_CHUNK):
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            progress(size)
        complaint = dump.stderr.read().decode(errors="replace").strip()
        out.flush()
        os.fsync(out.fileno())
    if dump.returncode:
        raise RefuseToStart(f"pg_dump could not read the store: {complaint}")
    return digest.hexdigest(), size


def verify(file: Path, progress: Progress = lambda _bytes: None) -> None:
    """Raise RefuseToStart unless a backup is whole, by the checksum beside it."""
    beside = sidecar(file)
    for needed in (file, beside):
        if not needed.exists():
            raise RefuseToStart(f"{needed} does not exist; a backup is restored together with its .sha256 file")
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            progress(size)
    expected = beside.read_text(encoding="utf-8").split()[:1]
    if expected != [digest.hexdigest()]:
        raise RefuseToStart(f"{file} does not have the checksum in {beside.name}: it is damaged; take another copy")
