"""The units of an installed hub."""

import socket
from configparser import RawConfigParser
from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.fields import check
from opendata_hub.install import data_disk, systemd, units
from opendata_hub.machine import notify
from opendata_hub.settings import HubFile, Settings, load
from opendata_hub.settings.backup import Note, note, read_note
from opendata_hub.settings.state import State


def _settings(folder: Path, text: str) -> Settings:
    (folder / "hub.yaml").write_text(text)
    return load(folder / "hub.yaml")


def _parsed(text: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_the_hub_may_write_where_it_has_to_and_nowhere_else(tmp_path: Path) -> None:
    """State, homes wherever they are, and a ledger of its own place; no other folder."""
    text = "homes: {storage: folder, path: /srv/my homes}\naudit: {file: /tmp/audit.jsonl}\n"
    unit = _parsed(units.hub(_settings(tmp_path, text), "/docker"))
    service = unit["Service"]
    assert service["ProtectSystem"] == "strict" and service["Type"] == "notify"
    writable = service["ReadWritePaths"]
    assert '"-/srv/my homes"' in writable and "-/tmp" in writable and "volumes" not in writable
    assert '"/srv/my homes"' in unit["Unit"]["RequiresMountsFor"]
    assert "-/docker/volumes" in units.hub(_settings(tmp_path, ""), "/docker")


def test_only_a_hub_that_asks_is_saved_each_night(tmp_path: Path) -> None:
    """Where it goes is one word for systemd, whatever is in it."""
    assert units.backup(HubFile().backup) == {}
    entry = check(HubFile, {"backup": {"to": "/mnt/my disk/50%", "at": "22:05"}}, "x").backup
    found = units.backup(entry)
    service = _parsed(found[systemd.BACKUP])
    assert service["Service"]["ExecStart"].endswith('--keep 14 -- "/mnt/my disk/50%%"')
    assert service["Unit"]["RequiresMountsFor"].endswith('"/mnt/my disk/50%%"')
    assert _parsed(found[systemd.NIGHTLY])["Timer"]["OnCalendar"] == "*-*-* 22:05:00"
    far = check(HubFile, {"backup": {"to": "sftp:me@nas:/hub"}}, "x").backup
    assert "sftp" not in _parsed(units.backup(far)[systemd.BACKUP])["Unit"]["RequiresMountsFor"]


@pytest.mark.parametrize(
    ("to", "place", "word"),
    [
        ("/mnt/o'brien", '"/mnt/o\'brien"', '"/mnt/o\'brien"'),
        ("/mnt/$HOME", "/mnt/$HOME", "/mnt/$$HOME"),
        ("/mnt/tab\there", '"/mnt/tab\there"', '"/mnt/tab\there"'),
        ("/mnt/a\\b;", '"/mnt/a\\\\b;"', '"/mnt/a\\\\b;"'),
        ('/mnt/"a"', '"/mnt/\\"a\\""', '"/mnt/\\"a\\""'),
    ],
)
def test_what_means_something_to_systemd_is_just_a_letter(to: str, place: str, word: str) -> None:
    """It looks for quotes everywhere, for variables in commands only."""
    entry = check(HubFile, {"backup": {"to": to}}, "x").backup
    service = _parsed(units.backup(entry)[systemd.BACKUP])
    assert service["Unit"]["RequiresMountsFor"] == f"/var/lib/opendata-hub {place}"
    assert service["Service"]["ExecStart"].endswith(f" -- {word}")


def test_a_place_where_no_disk_can_be_mounted_is_told(tmp_path: Path) -> None:
    """Whatever is there instead of a folder."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(MachineError, match=f"No disk can be mounted in {place}"):
            data_disk._require_empty(place)
    with pytest.raises(MachineError, match="There are files"):
        data_disk._require_empty(tmp_path)
    data_disk._require_empty(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_a_time_is_written_as_one() -> None:
    """YAML reads a time without quotes as a number; the sentence says to quote it."""
    for wrong in (210, "24:00", "3:30"):
        with pytest.raises(ConfigError):
            check(HubFile, {"backup": {"to": "/x", "at": wrong}}, "hub.yaml")


def test_a_boot_goes_on_without_the_data_disk() -> None:
    """It is wanted, not needed; it is found by its identity."""
    unit = _parsed(data_disk.unit("1234-abcd", Path("/var/lib/opendata-hub")))
    assert "nofail" in unit["Mount"]["Options"] and "1234-abcd" in unit["Mount"]["What"]
    assert unit["Install"]["WantedBy"] == "local-fs.target"


def test_systemd_is_told_when_people_can_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its protocol; a process that it does not run says nothing."""
    monkeypatch.delenv(notify.SOCKET, raising=False)
    notify.ready("nobody listens")
    assert not notify.is_service()
    for address in (str(tmp_path / "notify"), f"@{tmp_path}/abstract"):
        monkeypatch.setenv(notify.SOCKET, address)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(address.replace("@", "\0"))
            notify.ready("The hub runs")
            assert ear.recv(100) == b"READY=1\nSTATUS=The hub runs"
    assert notify.is_service()


def test_how_the_last_backup_went_is_kept(tmp_path: Path) -> None:
    """One that failed does not make forget when one went well."""
    state = State(tmp_path)
    assert read_note(state) is None
    state.make()
    note(state, "/mnt/usb", None)
    good = read_note(state)
    assert isinstance(good, Note) and good.problem is None and good.saved == good.ended
    note(state, "/mnt/usb", "The disk is gone.")
    bad = read_note(state)
    assert bad and (bad.problem, bad.saved) == ("The disk is gone.", good.saved)
    assert state.last_backup.stat().st_mode & 0o777 == 0o600
