"""Settings: where a process finds its services and its secret."""

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.wire.errors import RefuseToStart
from hub.wire.settings import ENDPOINTS, Settings


def test_a_service_without_address_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStart, match=r"satudata up.*SATUDATA_KAFKA"):
        Settings(home=tmp_path, kafka=None).endpoint("kafka")


def test_the_embedded_platform_s_record_is_used_and_a_setting_wins_over_it(tmp_path: Path) -> None:
    path = tmp_path / ENDPOINTS
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"kafka": "127.0.0.1:1", "registry": "http://127.0.0.1:2"}))
    settings = Settings(home=tmp_path, registry="http://registry.example:8080")
    assert settings.endpoint("kafka") == "127.0.0.1:1"
    assert settings.endpoint("registry") == "http://registry.example:8080"


def test_the_master_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    secret = settings.master_secret()
    assert len(secret) == 32
    assert settings.master_secret() == secret
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_of_many_that_make_the_secret_at_once_all_read_the_same(tmp_path: Path) -> None:
    """Stages start side by side, and on a new home each of them finds none."""
    many = 12
    with ThreadPoolExecutor(many) as pool:
        for at in range(30):
            settings, together = Settings(home=tmp_path / str(at)), threading.Barrier(many)

            def read(settings: Settings = settings, together: threading.Barrier = together) -> bytes:
                together.wait()
                return settings.master_secret()

            (found,) = {each.result() for each in [pool.submit(read) for _ in range(many)]}
            assert len(found) == 32
            assert [path.name for path in settings.home.iterdir()] == ["secret"]


def test_a_named_secret_must_exist_and_be_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    settings = Settings(home=tmp_path, secret_file=path)
    with pytest.raises(RefuseToStart, match="does not exist"):
        settings.master_secret()
    path.write_bytes(b"short")
    with pytest.raises(RefuseToStart, match="at least 32"):
        settings.master_secret()
