"""`opendata-hub upgrade`: whatever breaks, a hub runs, with all that was in its database."""

import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from opendata_hub import places
from opendata_hub.cli import main
from opendata_hub.errors import MachineError
from opendata_hub.install import environment, safekeeping, systemd
from opendata_hub.install.upgrading import upgrade
from opendata_hub.machine import daemon
from opendata_hub.settings.state import State

KNOWN = "hub: {title: Muons}\n"
SHINY = f"{KNOWN}shiny: true\n"

SYSTEMCTL = """\
#!/bin/sh
export CALLER=$PPID
echo "$@" >> {folder}/asked
current={folder}/program/current
case $1 in
is-active) test -e {folder}/runs ;;
stop) rm -f {folder}/runs ;;
restart)
  $current/bin/opendata-hub check {folder}/config/hub.yaml || exit 1
  {python} -c '{write}' {database} "$(cat $current/version) has started"
  sh -e $current/at-start || exit 1
  cp $current/version {folder}/runs ;;
esac
"""
WRITE = (
    "import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); "
    'base.execute("insert into said values (?)", sys.argv[2:]); base.commit()'
)
PYTHON = """\
#!/bin/sh
sh -e {made}/before-units || exit 1
echo "# by $(cat {made}/version)" > {units}/opendata-hub.service
"""
PROGRAM = """\
#!/bin/sh
test "$1" != check || grep -q shiny {made}/knows || ! grep shiny {config}/hub.yaml
"""


def _quiet(_: str) -> None:
    """Nobody listens."""


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


class Machine:
    """A machine in a folder, whose hub is a file: it has the version that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = State(places.CONFIG).database_file
        self.database.parent.mkdir(parents=True)
        with closing(sqlite3.connect(self.database)) as base:
            base.execute("create table said (what)")
        self.hub_yaml(KNOWN)
        (folder / "units").mkdir()
        words = {"folder": folder, "python": sys.executable, "write": WRITE}
        _put(folder / "bin" / "systemctl", SYSTEMCTL.format(database=self.database, **words))
        environment.switch(self.version("1.0"), _quiet)
        (folder / "units" / systemd.HUB).write_text("# by 1.0\n")
        (folder / "runs").write_text("1.0\n")

    def hub_yaml(self, text: str) -> None:
        """Write hub.yaml."""
        _put(places.CONFIG / "hub.yaml", text)

    def version(
        self, name: str, at_start: str = "", before_units: str = "", knows: str = ""
    ) -> Path:
        """Make an environment, with what its scripts do then, and keys of hub.yaml it knows."""
        made = environment.versions() / name
        texts = {"version": f"{name}\n", "at-start": at_start, "before-units": before_units}
        for file, text in {**texts, "knows": knows}.items():
            _put(made / file, text)
        words = {"made": made, "units": self.folder / "units", "config": places.CONFIG}
        _put(made / "bin" / "python", PYTHON.format(**words))
        _put(environment.program(made), PROGRAM.format(**words))
        info = made / "lib" / "python3.11" / "site-packages" / f"opendata_hub-{name}.dist-info"
        _put(info / "METADATA", f"Metadata-Version: 2.1\nName: opendata-hub\nVersion: {name}\n")
        return made

    @property
    def runs(self) -> str:
        """The version of the hub that runs; empty without one."""
        file = self.folder / "runs"
        return file.read_text().strip() if file.exists() else ""

    @property
    def unit(self) -> str:
        """The hub's unit."""
        return (self.folder / "units" / systemd.HUB).read_text().strip()

    @property
    def said(self) -> list[str]:
        """What is in the database."""
        with closing(sqlite3.connect(self.database)) as base:
            return [row[0] for row in base.execute("select what from said")]

    @property
    def asked(self) -> list[str]:
        """What systemctl was called with, its first words."""
        file = self.folder / "asked"
        return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine on which version 1.0 runs."""
    for name in ("PROGRAM", "CONFIG", "DATA", "RUN"):
        monkeypatch.setattr(places, name, tmp_path / name.lower())
    monkeypatch.setattr(environment, "LINK", tmp_path / "bin" / "opendata-hub")
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path)
    monkeypatch.setattr(systemd, "UNITS", tmp_path / "units")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield Machine(tmp_path)
    assert before == {number: signal.getsignal(number) for number in before}


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Upgrades to an environment that is there, as if pip had just made it."""

    def upgraded(made: Path) -> None:
        monkeypatch.setattr(environment, "make", lambda spec, say: made)
        upgrade("1.1", _quiet)

    return upgraded


def test_another_version_runs(machine: Machine, to: Callable[[Path], None]) -> None:
    """With units of its own, and the same database."""
    to(machine.version("1.1"))
    assert (machine.runs, machine.unit) == ("1.1", "# by 1.1")
    assert machine.said == ["1.1 has started"]


def test_one_that_does_not_start_leaves_all_as_it_was(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """Database and units, even where the version before could not write its own any more."""
    current = environment.current()
    assert current
    _put(current / "before-units", "exit 1")
    made = machine.version("1.1", at_start="exit 1")
    with pytest.raises(MachineError, match="the one before runs again, with its database"):
        to(made)
    assert (machine.runs, machine.unit) == ("1.0", "# by 1.0")
    assert machine.said == ["1.0 has started"]
    assert environment.current() == current and not made.exists()


def test_before_the_hub_is_stopped_its_database_is_the_newest(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """Where units cannot be written, the hub goes on, with what it has written meanwhile."""
    script = f"{sys.executable} -c '{WRITE}' {machine.database} 'an hour of work'; exit 1"
    made = machine.version("1.1", before_units=script)
    with pytest.raises(MachineError, match="Nothing has changed"):
        to(made)
    assert machine.said == ["an hour of work"]
    assert (machine.runs, machine.unit) == ("1.0", "# by 1.0")
    assert not {"stop", "restart"} & set(machine.asked) and not made.exists()


def test_a_hub_yaml_of_the_next_version_is_no_way_back(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """While a hub runs that would not start again with it, that goes on."""
    machine.hub_yaml(SHINY)
    made = machine.version("1.1", knows="shiny")
    with pytest.raises(MachineError, match=r"does not take this hub\.yaml") as caught:
        to(made)
    assert "sudo systemctl stop opendata-hub" in str(caught.value)
    assert machine.runs == "1.0" and "restart" not in machine.asked and not made.exists()


def test_a_hub_that_does_not_run_is_upgraded_by_the_next_versions_hub_yaml(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """The version before need not understand it."""
    machine.hub_yaml(SHINY)
    (machine.folder / "runs").unlink()
    to(machine.version("1.1", knows="shiny"))
    assert machine.runs == "1.1"


def test_whoever_is_told_to_end_meanwhile_goes_back_first(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """A kill is taken as Ctrl-C."""
    with pytest.raises(MachineError, match=r"the one before runs again.*\nIt was broken off\."):
        to(machine.version("1.1", at_start="kill $CALLER"))
    assert machine.runs == "1.0"


def test_a_copy_that_cannot_be_made_leaves_nothing(
    machine: Machine, to: Callable[[Path], None]
) -> None:
    """Neither half a copy, which would push a whole one out, nor an environment."""
    made = machine.version("1.1")
    machine.database.write_bytes(b"no database")
    with pytest.raises(MachineError, match="Nothing has changed"):
        to(made)
    assert list((places.DATA / "backups").iterdir()) == [] and not made.exists()
    assert machine.runs == "1.0"


def test_a_copy_stays_where_a_newer_one_cannot_be_made(machine: Machine) -> None:
    """The database may have been damaged in between."""
    state = State(places.CONFIG)
    copy = safekeeping.keep(state, "1.0", _quiet)
    whole = machine.database.read_bytes()
    machine.database.write_bytes(b"no database")
    with pytest.raises(MachineError):
        safekeeping.keep_database(copy, state)
    safekeeping.bring_back(copy, state, _quiet)
    assert machine.database.read_bytes() == whole


def test_an_environment_that_cannot_be_made_leaves_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one would fill the disk, and push a whole one out."""
    _put(machine.folder / "venv", '#!/bin/sh\nmkdir -p "$3/bin"\n')
    monkeypatch.setattr(sys, "executable", str(machine.folder / "venv"))
    monkeypatch.setattr(tempfile, "tempdir", str(machine.folder / "missing"))
    before = sorted(environment.versions().iterdir())
    with pytest.raises(MachineError, match="cannot be made"):
        environment.make("1.1", _quiet)
    assert sorted(environment.versions().iterdir()) == before


def test_a_version_and_a_bundle_are_not_taken_together() -> None:
    """One of both would be ignored."""
    result = CliRunner().invoke(main, ["upgrade", "--to", "1.2", "--bundle", "hub.bundle"])
    assert result.exit_code == 1
    assert "--to 1.2 and --bundle cannot both be given" in result.stderr
