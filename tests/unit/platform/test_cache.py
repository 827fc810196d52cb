"""What lies in the cache is whole and verified, or is not there."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from hub.platform import cache, maven
from hub.platform.child import User
from hub.platform.maven import Artefact, Bundle
from hub.wire.errors import RefuseToStart, TryAgain

CONSOLE = Console(file=io.StringIO())


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a folder as a Maven repository on loopback."""
    folder = tmp_path / "repository"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: Silent(*given, directory=str(folder)))
    threading.Thread(target=server.serve_forever).start()
    monkeypatch.setenv("SATUDATA_MAVEN_MIRROR", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()


def publish(repository: Path, name: str, content: bytes, packaging: str = "jar") -> Artefact:
    artefact = Artefact("org.example", name, "1.0", packaging, "", len(content), hashlib.sha256(content).hexdigest())
    folder = repository / "org" / "example" / name / "1.0"
    folder.mkdir(parents=True)
    (folder / artefact.filename).write_bytes(content)
    return artefact


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def bundle(monkeypatch: pytest.MonkeyPatch, *artefacts: Artefact) -> None:
    monkeypatch.setattr(maven, "locked", lambda service: Bundle(service, "1.0", artefacts))


def test_a_bundle_is_fetched_once_and_then_used_without_the_network(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(monkeypatch, publish(repository, "a", b"jar"), publish(repository, "b", archive(inner=b"hello"), "tar.gz"))
    place = cache.bundle("kafka", tmp_path / "cache", CONSOLE)
    assert (place / "a-1.0.jar").read_bytes() == b"jar"
    assert (place / "inner").read_bytes() == b"hello"
    monkeypatch.setenv("SATUDATA_MAVEN_MIRROR", "http://127.0.0.1:9")
    assert cache.bundle("kafka", tmp_path / "cache", CONSOLE) == place
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [place.name]


def test_a_file_that_is_not_what_was_locked_is_refused_and_nothing_is_kept(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artefact = publish(repository, "a", b"jar")
    next(repository.rglob("*.jar")).write_bytes(b"changed")
    bundle(monkeypatch, artefact)
    with pytest.raises(RefuseToStart, match=r"a-1\.0\.jar: sha256 is"):
        cache.bundle("kafka", tmp_path / "cache", CONSOLE)
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_network_at_the_first_start_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATUDATA_MAVEN_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(TryAgain, match="SATUDATA_MAVEN_MIRROR"):
        cache.bundle("kafka", tmp_path, CONSOLE)
    assert list(tmp_path.iterdir()) == []


def test_another_lock_is_another_folder() -> None:
    one, other = (Artefact("g", "n", "1", "jar", "", 1, digest) for digest in ("aa", "bb"))
    assert Bundle("kafka", "1", (one,)).folder != Bundle("kafka", "1", (other,)).folder


def test_the_mirrors_of_maven_s_own_settings_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATUDATA_MAVEN_MIRROR", raising=False)
    path = tmp_path / "settings.xml"
    path.write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>'
        "<mirror><id>office</id><url>http://mirror.example/maven/</url><mirrorOf>*</mirrorOf></mirror>"
        "<mirror><id>other</id><url>http://other.example</url><mirrorOf>snapshots</mirrorOf></mirror>"
        "</mirrors></settings>"
    )
    assert maven.repositories(path) == {"office": "http://mirror.example/maven"}
    assert maven.repositories(tmp_path / "none.xml") == {}
    monkeypatch.setenv("SATUDATA_MAVEN_MIRROR", "http://given.example/")
    assert maven.repositories(path) == {"mirror": "http://given.example"}


def test_the_lock_names_every_file_by_digest_and_no_host() -> None:
    text = maven.LOCK.read_text()
    assert "://" not in text
    for service in ("kafka", "registry"):
        locked = maven.locked(service)
        assert all(len(artefact.sha256) == 64 and artefact.size > 0 for artefact in locked.artefacts)
    versions = {a.version for a in maven.locked("kafka").artefacts if a.group == "org.apache.kafka"}
    assert versions == {maven.locked("kafka").version}


def test_a_closed_folder_anywhere_above_is_out_of_another_user_s_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    stranger = User(uid=os.getuid() + 12345, gid=os.getgid() + 12345)
    closed.chmod(0o700)
    assert not cache.reachable(inner, stranger)
    assert cache.reachable(Path("/"), stranger)
    assert cache.reachable(closed.parent / "closed", User(os.getuid(), os.getgid())) or os.getuid() == 0


def test_postgresql_s_programs_run_from_a_copy_when_the_installed_ones_are_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = User(os.getuid() + 12345, os.getgid() + 12345)
    monkeypatch.setattr(cache, "reachable", lambda path, user: path == tmp_path / "second")
    programs = cache.postgres(18, user, (tmp_path / "first", tmp_path / "second"))
    assert programs.is_relative_to(tmp_path / "second")
    version = subprocess.run((f"{programs}/bin/psql", "--version"), capture_output=True, text=True, check=True).stdout
    assert version.startswith("psql (PostgreSQL) 18")
    assert cache.postgres(18, user, (tmp_path / "second",)) == programs
    with pytest.raises(RefuseToStart, match="SATUDATA_CACHE"):
        cache.postgres(18, user, (tmp_path / "first",))
    assert list((tmp_path / "first").iterdir()) == []
