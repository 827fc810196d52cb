"""An archive of classes: listed first, made once by one process, whole or not there."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from hub.platform.classes import Archive

LISTED = "java/lang/Object id: 0\njava/util/ArrayList id: 1\njava/lang/Str"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    (tmp_path / "programs").mkdir()
    (tmp_path / "service").mkdir()
    return Archive(tmp_path / "programs", str(tmp_path / "programs"), ("-Xmx64m",), tmp_path / "service")


def made(archive: Archive, log: Path) -> None:
    archive.make(threading.Event(), log)


def test_without_an_archive_the_classes_are_listed(archive: Archive, tmp_path: Path) -> None:
    assert archive.options == (f"-XX:DumpLoadedClassList={tmp_path / 'service' / 'classes.list'}",)
    assert archive.mapped == ()


def test_a_list_still_being_written_becomes_an_archive(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "service" / "classes.list").write_text(LISTED)
    made(archive, tmp_path / "log")
    assert archive.place.is_file(), (tmp_path / "log").read_text()
    assert archive.options == archive.mapped == (f"-XX:SharedArchiveFile={archive.place}",)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_a_killed_maker_left_is_removed(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "service" / "classes.list").write_text(LISTED)
    left = archive.place.with_name(f".{archive.place.name}.1")
    left.write_bytes(b"half")
    made(archive, tmp_path / "log")
    assert not left.exists()


def test_a_second_maker_leaves_it_to_the_first(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "service" / "classes.list").write_text(LISTED)
    with archive.place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made(archive, tmp_path / "log")
        assert not archive.place.exists()


def test_told_to_stop_it_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "service" / "classes.list").write_text(LISTED)
    stop = threading.Event()
    stop.set()
    archive.make(stop, tmp_path / "log")
    assert not archive.place.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_another_class_path_has_another_archive(archive: Archive, tmp_path: Path) -> None:
    other = Archive(tmp_path / "programs", str(tmp_path / "other"), ("-Xmx64m",), tmp_path / "service")
    assert other.place != archive.place
