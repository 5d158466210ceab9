"""What ``opendata-hub doctor`` says of an installed hub: its service, its data disk, its backup."""

from pathlib import Path

import pytest

from opendata_hub.machine.health import Finding, Level, backup, data_disk, unit
from opendata_hub.machine.health.backup import Last
from opendata_hub.machine.health.unit import Service

NAME = "opendata-hub.service"
RUNS = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
NOW, HOUR = 1_800_000_000.0, 3600
STATS = """\
[/dev/vdb].write_io_errs    0
[/dev/vdb].read_io_errs     0
[/dev/vdb].flush_io_errs    0
[/dev/vdb].corruption_errs  {}
[/dev/vdb].generation_errs  0
"""


def judged(killed: int = 0, **facts: str) -> list[Finding]:
    """Return what is said of a service that runs, but for these facts."""
    return list(unit.judge(Service(NAME, {**RUNS, **facts}, killed)))


# -- the service


def test_a_service_that_runs_is_one_line() -> None:
    """It comes at boot, too."""
    assert judged(NRestarts="2") == [Finding("Service", Level.OK, "opendata-hub runs.")]


def test_without_a_service_nothing_is_said() -> None:
    """A hub that is started by hand is no worse."""
    assert list(unit.judge(Service(NAME))) == []
    assert unit.look("opendata-hub-that-nobody-has.service") == Service(
        "opendata-hub-that-nobody-has.service"
    )


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        ({"ActiveState": "failed", "Result": "exit-code"}, Level.FAULT, "not run (exit-code)."),
        ({"ActiveState": "inactive", "Result": "success"}, Level.FAULT, "does not run."),
        ({"ActiveState": "activating"}, Level.WARNING, "opendata-hub is starting."),
        ({"UnitFileState": "disabled"}, Level.WARNING, "does not start when this machine does"),
        ({"NRestarts": "3"}, Level.WARNING, "start it again 3 times"),
        ({"killed": 2}, Level.WARNING, "for want of memory (2 since it was started)"),
    ],
)
def test_what_is_wrong_with_a_service_comes_with_a_command(
    facts: dict[str, str], level: Level, words: str
) -> None:
    """Each state has a sentence of its own."""
    wrong = [finding for finding in judged(**facts) if finding.level is level]  # type: ignore[arg-type]

    assert [words in finding.text and bool(finding.fix) for finding in wrong] == [True]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("service/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"),
        ("memory/service/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
    ],
    ids=["cgroup v2", "cgroup v1"],
)
def test_the_kernel_counts_what_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    """In the files of both generations."""
    monkeypatch.setattr(unit, "_CGROUPS", tmp_path)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)

    assert unit.killed("service") == 2
    assert unit.killed("another") == 0


# -- the data disk


def test_a_data_disk_that_is_not_mounted_is_a_fault() -> None:
    """The unit's name is quoted, as a shell would eat its backslash."""
    name, place = r"var-lib-opendata\x2dhub.mount", Path("/var/lib/opendata-hub")

    assert data_disk.judge_mount(name, place, True).level is Level.OK
    finding = data_disk.judge_mount(name, place, False)
    assert finding.level is Level.FAULT
    assert finding.fix.startswith(r"sudo systemctl start 'var-lib-opendata\x2dhub.mount';")


def test_a_disk_that_lost_something_is_a_fault() -> None:
    """btrfs counts what it could not write, read or recognise."""
    assert list(data_disk.judge_errors(STATS.format(0))) == []
    (finding,) = data_disk.judge_errors(STATS.format(3))
    assert finding.level is Level.FAULT
    assert finding.text.startswith("/dev/vdb has lost something")
    assert "(corruption_errs 3)" in finding.text


def test_a_folder_on_another_file_system_has_no_such_count(tmp_path: Path) -> None:
    """Nor has one that is not there."""
    assert data_disk.check_errors([tmp_path / "none", Path("/proc")]) == []


# -- the backup


@pytest.mark.parametrize(
    ("last", "level", "words"),
    [
        (Last("/b", "u", NOW - HOUR), Level.OK, "was made 1 hour ago, in /b."),
        (Last("/b", "u", NOW - 47 * HOUR), Level.OK, "47 hours ago"),
        (Last("/b", "u", NOW - 73 * HOUR), Level.WARNING, "in /b, is 3 days old"),
        (Last("/b", "u"), Level.WARNING, "none in /b yet"),
        (
            Last("/b", "u", NOW - 99 * HOUR, "the disk is full."),
            Level.FAULT,
            "failed: the disk is full. The last whole one is 4 days old.",
        ),
        (Last("/b", "u", None, "no disk."), Level.FAULT, "no disk. There is none yet."),
    ],
)
def test_a_backup_is_judged_by_its_age_and_the_last_try(
    last: Last, level: Level, words: str
) -> None:
    """One is made each night: after two days without, something is wrong."""
    finding = backup.judge(last, NOW)

    assert finding.level is level
    assert words in finding.text
    assert finding.fix or level is Level.OK


def test_a_hub_without_a_backup_gets_a_hint() -> None:
    """It is no fault: somebody may make them otherwise."""
    assert (backup.judge_none().level, bool(backup.judge_none().fix)) == (Level.OK, True)
    assert backup.judge_untimed("/b").level is Level.WARNING


def test_a_backup_by_hand_may_be_old() -> None:
    """One that failed is told all the same, with the command to make it again."""
    old = backup.judge_by_hand(Last("/b", "u", NOW - 720 * HOUR), NOW)
    failed = backup.judge_by_hand(Last("/my b", "u", NOW - 72 * HOUR, "it is full."), NOW)

    assert (old.level, "30 days ago" in old.text) == (Level.OK, True)
    assert failed.level is Level.WARNING
    assert failed.text.endswith("failed: it is full. The last whole one is 3 days old.")
    assert failed.fix.endswith("opendata-hub backup '/my b'")
