"""Programs of this machine: running them, finding them, installing what is missing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from opendata_hub.errors import MachineError
from opendata_hub.machine import commands, debian, packages, trust

Programs = Callable[[str, str], Path]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Makes shell scripts under the names of programs; nothing else is on PATH."""
    monkeypatch.setattr(packages, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name: str, script: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def apt(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that writes down what it is told, on a machine where this process is root."""
    log = tmp_path / "apt.log"
    programs("apt-get", f'echo "$@" >> {log}')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return log


def test_each_line_of_a_program_is_a_detail(programs: Programs) -> None:
    """Progress of a long step is passed on line by line, without its blank lines."""
    said: list[str] = []
    commands.run([str(programs("talk", "echo one; echo; echo '  two' >&2"))], said.append)
    assert said == ["  one", "  two"]


def test_a_failure_shows_command_code_and_last_lines(programs: Programs) -> None:
    """Who reads the error need not scroll back."""
    script = programs("fail", "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; exit 3")
    with pytest.raises(MachineError) as error:
        commands.run([str(script), "now"], lambda line: None)
    assert "fail now` failed with exit code 3" in str(error.value)
    assert "line 9" in str(error.value) and "line 1\n" not in str(error.value)


def test_a_program_that_is_not_there_is_an_error_with_its_name() -> None:
    """A missing program is no traceback."""
    with pytest.raises(MachineError, match="no-such-program cannot be run"):
        commands.run(["no-such-program"], print)
    assert commands.output(["no-such-program"]) == ""


def test_the_end_of_a_log_can_be_had_also_where_there_is_none(tmp_path: Path) -> None:
    """A missing log does not hide the error it would explain."""
    (tmp_path / "log").write_text("a\nb\nc\n")
    assert commands.tail(tmp_path / "log", lines=2) == "b\nc"
    assert commands.tail(tmp_path / "none") == ""


def test_nothing_is_installed_where_all_is_there(programs: Programs, apt: Path) -> None:
    """A second run does not even ask the distribution."""
    programs("debootstrap", "")
    packages.ensure({"debootstrap": "debootstrap"}, print)
    assert not apt.exists()


def test_only_what_is_missing_is_installed(programs: Programs, apt: Path) -> None:
    """A package whose program is there stays as it is, however it came."""
    programs("iptables", "")
    packages.ensure({"iptables": "iptables", "dockerd": "docker.io"}, print)
    installed = apt.read_text().splitlines()[-1]
    words = installed.split()
    assert words[:2] == ["install", "--yes"] and words[-1] == "docker.io"
    assert "iptables" not in words


def test_what_only_some_releases_have_comes_along_where_it_is(
    programs: Programs, apt: Path
) -> None:
    """Debian 13 has the engine's command in a package of its own, of which 12 knows nothing."""
    programs("apt-cache", '[ "$2" = docker-cli ] && echo "Package: $2"')
    packages.install(["docker.io"], print, ["docker-cli", "docker-gone"])
    assert apt.read_text().splitlines()[-1].endswith(" docker.io docker-cli")


def test_without_root_the_command_to_type_is_said(
    apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not install reads what to ask an administrator for."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineError, match=r"sudo apt-get install docker.io apparmor"):
        packages.install(["docker.io", "apparmor"], print)
    assert not apt.exists()


def test_the_mirror_is_the_one_that_apt_uses(programs: Programs) -> None:
    """A site's mirror is used for images too; updates, security and other archives are not it."""
    lines = (
        "Debian bookworm-security http://mirror.example/debian-security/",
        "Docker bookworm http://other.example/linux",
        "Debian bookworm http://mirror.example/debian/",
    )
    programs("apt-get", "\n".join(f"echo {line}" for line in lines))
    assert debian.mirror() == "http://mirror.example/debian"


def test_without_a_usable_mirror_debians_own_is_taken(programs: Programs) -> None:
    """On Ubuntu, or before the first apt-get update, the base still has a source."""
    programs("apt-get", "echo Ubuntu noble http://archive.example/ubuntu; echo '  '")
    assert debian.mirror() == debian.MIRROR


def test_trust_is_copied_with_the_sites_own_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image trusts a site's authority, and still does after an upgrade inside it."""
    host = tmp_path / "host"
    (host / "site").mkdir(parents=True)
    (host / "bundle.crt").write_text("all of them")
    (host / "site" / "own.crt").write_text("ours")
    monkeypatch.setattr(trust, "BUNDLE", host / "bundle.crt")
    monkeypatch.setattr(trust, "SITE", host / "site")
    trust.copy_to(tmp_path / "image")
    copied = tmp_path / "image" / host.relative_to("/")
    assert (copied / "bundle.crt").read_text() == "all of them"
    assert (copied / "site" / "own.crt").read_text() == "ours"
