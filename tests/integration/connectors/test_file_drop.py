"""Deliveries over SFTP, on Debian's OpenSSH and a real Kafka; the line may be cut, the server is who it says it is."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors import preflight
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from tests.services.fixtures import temporary_home
from tests.services.proxy import Proxy
from tests.services.sftp import Sftp, serving
from tests.suites.connector import TABLE, ConnectorSuite, build, living, notices, running, until
from tests.suites.files import FilesStage, csv_bytes, put


class SftpStage(FilesStage):
    """A folder that the connector reaches over SFTP only; the test plays the office on the server's own disk."""

    def __init__(self, server: Sftp, folder: Path, *, port: int | None = None, **more: Any) -> None:
        self.server = server
        options = {"host_key": server.host_key, "storage": {"key_filename": str(server.client_key)}, **more}
        super().__init__(folder, address=server.url("{folder}", port), **options)

    def lose(self) -> None:
        super().lose()
        self.server.own(self.folder)


@pytest.fixture(scope="module")
def server() -> Iterator[Sftp]:
    with temporary_home() as home, serving(home) as running_server:
        yield running_server


@contextmanager
def staged(server: Sftp, **more: Any) -> Iterator[SftpStage]:
    with temporary_home() as folder:
        stage = SftpStage(server, folder, **more)
        yield stage
        stage.close()


@pytest.mark.further
class TestFileDropOverSftp(ConnectorSuite):
    kind = "file_drop"
    every_state = False
    links_keys = False
    only_changes = False

    @pytest.fixture
    def stage(self, server: Sftp, kafka: str, registry: str) -> Iterator[SftpStage]:
        with staged(server, kafka=kafka, registry=registry) as stage:
            yield stage


def test_a_line_that_is_cut_again_and_again_loses_nothing(server: Sftp) -> None:
    proxy = Proxy("127.0.0.1", server.port)
    try:
        with staged(server, port=proxy.port) as stage, running(build(stage)):
            for round_ in range(6):
                stage.table = {number: f"ORANG {round_} {number}" for number in range(3000)}
                stage.deliver()
                time.sleep(0.15 * round_)
                proxy.cut()
                until(lambda stage=stage: living(stage) == stage.rows())
        assert proxy.connections > 3
    finally:
        proxy.close()


def test_a_server_that_is_away_is_waited_for() -> None:
    with temporary_home() as home, serving(home) as server, staged(server) as stage:
        server.stop()
        with running(build(stage)) as made:
            until(lambda: "cannot be reached" in made.trouble)
            server.start()
            stage.change(("insert", 1, "SATU"))
            until(lambda: living(stage) == {1: "SATU"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host_key": "SHA256:" + "A" * 43}, "shows the key SHA256:"),
        ({"host_key": None}, "host_key"),
        ({"storage": {}}, "refuses user or password"),
        ({"storage": {"key_filename": "env:NO_SUCH_VARIABLE"}}, "NO_SUCH_VARIABLE is not set"),
    ],
    ids=["another server", "no key named", "not let in", "no variable"],
)
def test_a_server_that_cannot_be_trusted_or_entered_is_refused(server: Sftp, change: dict[str, Any], said: str) -> None:
    with staged(server) as stage:
        options = {**stage.contract.options, **change}
        stage.contract = stage.contract.model_copy(
            update={"options": {name: value for name, value in options.items() if value is not None}}
        )
        with pytest.raises(RefuseToStart, match=said):
            build(stage).run()
        found = preflight.check(stage.contract, SystemClock())
        assert [finding.code for finding in found if finding.level == "error"] in (["reach"], ["contract"])


def test_a_folder_that_is_not_there_is_refused(server: Sftp) -> None:
    with staged(server) as stage:
        os.environ[f"{stage.contract.source.name.upper()}_DSN"] = server.url("/no/such/folder")
        with pytest.raises(RefuseToStart, match="does not exist"):
            build(stage).run()


def test_a_link_on_the_server_is_no_way_out_of_the_folder(server: Sftp) -> None:
    with staged(server) as stage, running(build(stage)):
        secret = stage.folder.parent / "rahasia.csv"
        secret.write_bytes(csv_bytes([["id", "nama"], ["9", "RAHASIA"]]))
        (stage.folder / "tautan.csv").symlink_to(secret)
        stage.change(("insert", 1, "SATU"))
        until(lambda: living(stage) == {1: "SATU"})
        assert (stage.folder / "tautan.csv").is_symlink()


def test_refusals_reach_the_office_over_sftp(server: Sftp) -> None:
    with staged(server) as stage:
        put(stage.folder, "warga.csv", csv_bytes([["id", "nama"], ["1", "X"], ["1", "Y"]]))
        with running(build(stage)):
            until(lambda: bool(notices(stage, "delivery_refused")))
            until(lambda: len(list((stage.folder / "ditolak").glob("*"))) == 2)
        assert not list((stage.folder / "arsip").rglob(f"{TABLE}/*"))
