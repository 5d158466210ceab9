"""The container engine: telling none from a closed one, and starting one."""

import os
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from opendata_hub.errors import EngineUnreachable, MachineError
from opendata_hub.machine import daemon, packages


@pytest.fixture(autouse=True)
def nowhere(no_engine: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for what a test makes, on a machine whose engine does not answer."""
    monkeypatch.setattr(daemon, "SOCKET", tmp_path / "docker.sock")
    return tmp_path


@pytest.fixture
def fresh(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A machine of root's with neither engine nor systemd; makes programs of shell scripts."""
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemon, "SYSTEMD", nowhere / "no-systemd")
    monkeypatch.setattr(daemon, "LOG", nowhere / "dockerd.log")
    monkeypatch.setattr(packages, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(nowhere))
    monkeypatch.setattr(daemon, "connect", _no_engine)

    def make(name: str, script: str) -> None:
        (nowhere / name).write_text(f"#!/bin/sh\n{script}\n")
        (nowhere / name).chmod(0o755)

    return make


def _no_engine() -> docker.DockerClient:
    raise EngineUnreachable("none")


def test_an_engine_named_but_silent_is_named_in_the_error() -> None:
    """Who points DOCKER_HOST elsewhere gets no engine installed here."""
    with pytest.raises(EngineUnreachable, match=r"DOCKER_HOST=unix://.*none.sock does not answer"):
        daemon.ensure(print)


def test_no_engine_is_told_from_one_that_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """One is mended by root installing it, the other by joining a group."""
    monkeypatch.delenv("DOCKER_HOST")
    assert "sudo ./start" in daemon._why("refused")
    (nowhere / "docker.sock").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "usermod -aG docker" in daemon._why("refused")


def test_without_root_no_engine_is_installed(
    fresh: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error goes to who can fall back to the preview."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnreachable, match="none"):
        daemon.ensure(print)


def test_without_apt_the_error_says_where_to_get_an_engine(
    fresh: Callable[[str, str], None],
) -> None:
    """On other distributions nothing is guessed."""
    with pytest.raises(EngineUnreachable, match=r"docs\.docker\.com"):
        daemon.ensure(print)


def test_an_engine_that_ends_at_once_is_quoted(fresh: Callable[[str, str], None]) -> None:
    """The last lines of the daemon's log are in the error."""
    fresh("dockerd", "echo failed to mount overlay >&2; exit 1")
    with pytest.raises(EngineUnreachable, match=r"ended at once.*\n.*failed to mount overlay"):
        daemon.ensure(print)


def test_a_missing_engine_is_installed_with_what_it_needs(
    fresh: Callable[[str, str], None], nowhere: Path
) -> None:
    """The packages come from the distribution; then the daemon is started."""
    install = (
        f"printf '#!/bin/sh\\nexit 1\\n' > {nowhere}/dockerd; /bin/chmod 755 {nowhere}/dockerd"
    )
    fresh("apt-get", f'echo "$@" >> {nowhere}/apt.log\n{install}')
    with pytest.raises(EngineUnreachable, match="ended at once"):
        daemon.ensure(print)
    assert "docker.io iptables apparmor" in (nowhere / "apt.log").read_text()


def test_with_systemd_the_daemon_is_systemds(
    fresh: Callable[[str, str], None], nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts again with the machine; one that never answers is reported after a while."""
    monkeypatch.setattr(daemon, "SYSTEMD", nowhere)
    monkeypatch.setattr(daemon, "_PATIENCE", 0.1)
    fresh("dockerd", "exit 1")
    fresh("systemctl", f'echo "$@" > {nowhere}/systemctl.log')
    with pytest.raises(EngineUnreachable, match="journalctl -u docker"):
        daemon.ensure(print)
    assert (nowhere / "systemctl.log").read_text() == "enable --now docker\n"


def test_an_engine_whose_log_cannot_be_written_is_told(
    fresh: Callable[[str, str], None], nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what systemd shall start it with."""
    fresh("dockerd", "exit 1")
    monkeypatch.setattr(daemon, "LOG", nowhere / "missing" / "log")
    with pytest.raises(MachineError, match=r"dockerd cannot be started: .*missing/log"):
        daemon.ensure(print)
    (nowhere / "file").touch()
    monkeypatch.setattr(daemon, "SYSTEMD", nowhere)
    monkeypatch.setattr(daemon, "DROP_IN", nowhere / "file" / "hub.conf")
    with pytest.raises(MachineError, match=r"file/hub\.conf cannot be written"):
        daemon.ensure(print, PROXY)


@pytest.mark.parametrize(
    ("host", "local"), [("", True), ("unix:///run/docker.sock", True), ("tcp://lab:2376", False)]
)
def test_only_a_socket_means_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, local: bool
) -> None:
    """Folders of an engine elsewhere are not looked for here."""
    monkeypatch.setenv("DOCKER_HOST", host)

    assert daemon.is_local() is local


PROXY = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "a,50%"}


def test_an_engine_started_here_takes_the_sites_proxy(
    fresh: Callable[[str, str], None], nowhere: Path
) -> None:
    """Its pulls go through it from the first one on."""
    fresh("dockerd", 'echo "through $HTTPS_PROXY" >&2; exit 1')
    with pytest.raises(EngineUnreachable, match="through http://proxy:3128"):
        daemon.ensure(print, PROXY)


def test_systemd_is_told_the_sites_proxy_before_the_engine_is_installed(
    fresh: Callable[[str, str], None], nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The distribution starts what it installs; what somebody else has told systemd stays."""
    drop_in = nowhere / "docker.service.d" / "opendata-hub.conf"
    monkeypatch.setattr(daemon, "SYSTEMD", nowhere)
    monkeypatch.setattr(daemon, "DROP_IN", drop_in)
    monkeypatch.setattr(daemon, "_PATIENCE", 0.1)
    fresh("systemctl", "exit 0")
    fresh("apt-get", f"/bin/cp {drop_in} {nowhere}/seen 2>/dev/null; exit 0")
    with pytest.raises(EngineUnreachable):
        daemon.ensure(print, {})
    assert not drop_in.exists()
    with pytest.raises(EngineUnreachable):
        daemon.ensure(print, PROXY)
    assert (nowhere / "seen").read_text().splitlines()[1:] == [
        "[Service]",
        'Environment="HTTPS_PROXY=http://proxy:3128"',
        'Environment="no_proxy=a,50%%"',
    ]
    drop_in.write_text("theirs")
    with pytest.raises(EngineUnreachable):
        daemon.ensure(print, PROXY)
    assert drop_in.read_text() == "theirs"
