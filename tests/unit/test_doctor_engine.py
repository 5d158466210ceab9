"""What ``opendata-hub doctor`` says of an engine, from the engine's own answers."""

import pytest

from opendata_hub.machine.health import Finding, Level, engine
from opendata_hub.machine.health.engine import Silence

ABLE = {"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "CpuCfsQuota": True}

SILENT = {
    Silence(host="tcp://lab:2376", closed=True): (
        "none answers at DOCKER_HOST=tcp://lab:2376.",
        "start that one, or take this machine's: unset DOCKER_HOST",
    ),
    Silence(closed=True, installed=True, systemd=True): (
        "it does not let you in: /var/run/docker.sock is for root and the group docker.",
        "sudo usermod -aG docker $USER, then log in again",
    ),
    Silence(systemd=True): ("Docker Engine is not installed.", "sudo ./start --prepare"),
    Silence(installed=True): (
        "Docker Engine is installed, but does not answer.",
        "sudo ./start --prepare",
    ),
    Silence(installed=True, systemd=True): (
        "Docker Engine is installed, but does not answer.",
        "sudo systemctl enable --now docker",
    ),
}


@pytest.mark.parametrize(("facts", "said"), SILENT.items())
def test_a_silent_engine_comes_with_what_would_make_it_answer(
    facts: Silence, said: tuple[str, str]
) -> None:
    """The command depends on why it is silent."""
    assert engine.judge_silence(facts) == Finding("Engine", Level.FAULT, *said)


@pytest.mark.parametrize("api", ["1.41", "1.51", "2.0"])
def test_an_engine_from_20_10_on_is_fine(api: str) -> None:
    """Versions are compared as numbers; the distribution's suffix is nobody's business."""
    finding = engine.judge_version({"Version": "20.10.24+dfsg1", "ApiVersion": api})

    assert finding == Finding("Engine", Level.OK, "version 20.10.24 answers.")


@pytest.mark.parametrize("api", ["1.40", "1.9"])
def test_an_older_engine_is_a_fault(api: str) -> None:
    """Before 20.10 an engine cannot limit memory with cgroup v2."""
    finding = engine.judge_version({"Version": "19.03.15", "ApiVersion": api})

    assert finding.level is Level.FAULT
    assert finding.text == "version 19.03.15 is too old; 20.10 or newer is needed."


def test_an_engine_that_can_limit_everything_gets_one_line() -> None:
    """What an engine does not speak of counts as fine."""
    assert [f.level for f in engine.judge_limits(ABLE)] == [Level.OK]
    assert [f.level for f in engine.judge_limits({})] == [Level.OK]


@pytest.mark.parametrize(
    ("key", "level", "word"),
    [
        ("MemoryLimit", Level.FAULT, "memory"),
        ("SwapLimit", Level.WARNING, "swapping"),
        ("PidsLimit", Level.FAULT, "processes"),
        ("CpuCfsQuota", Level.WARNING, "limits.cpu"),
    ],
)
def test_a_limit_that_cannot_be_held_is_told(key: str, level: Level, word: str) -> None:
    """Where one student could starve all others it is a fault."""
    (finding,) = engine.judge_limits({**ABLE, key: False})

    assert finding.level is level
    assert word in finding.text
    assert finding.fix


def test_students_who_can_reach_each_other_are_a_fault() -> None:
    """Without the kernel's bridge filter, a network that separates containers does not."""
    warnings = ["WARNING: bridge-nf-call-iptables is disabled", "WARNING: No blkio weight support"]
    (finding,) = engine.judge_walls({"Warnings": warnings})

    assert finding.level is Level.FAULT
    assert finding.fix.startswith("sudo modprobe br_netfilter")


def test_an_engine_open_to_the_network_is_a_fault() -> None:
    """Who reaches an unencrypted engine is root on its machine."""
    line = "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.\n  Access to ..."
    (finding,) = engine.judge_walls({"Warnings": [line]})

    assert finding.level is Level.FAULT
    assert "http://0.0.0.0:2375" in finding.text


def test_an_engine_without_warnings_gets_no_line() -> None:
    """The engine's answer holds null there, or nothing."""
    assert list(engine.judge_walls({"Warnings": None})) == []
    assert list(engine.judge_walls({})) == []


def test_an_engine_that_lets_containers_ask_anything_of_the_kernel_is_a_fault() -> None:
    """Then a hole in the kernel is one for every student."""
    held = {"Architecture": "x86_64", "SecurityOptions": ["name=seccomp,profile=default"]}

    assert engine.judge_calls(held).level is Level.OK
    assert engine.judge_calls({**held, "SecurityOptions": []}).level is Level.FAULT


def test_a_restart_of_the_engine_ends_servers_unless_it_is_told_otherwise() -> None:
    """That is no fault, but worth to know before one upgrades the system."""
    (told,) = engine.judge_way({"Driver": "overlay2"}, True)

    assert told.level is Level.OK and "live-restore" in told.fix
    assert not list(engine.judge_way({"Driver": "overlay2", "LiveRestoreEnabled": True}, True))
    assert not list(engine.judge_way({"Driver": "overlay2"}, None))


def test_an_engine_that_does_not_come_with_the_machine_is_told() -> None:
    """A hub that starts at boot would have none."""
    (boot, _) = engine.judge_way({"Driver": "overlay2"}, False)

    assert (boot.level, boot.fix) == (Level.WARNING, "sudo systemctl enable docker")


def test_a_slow_storage_driver_is_told() -> None:
    """It copies whole images."""
    (slow,) = engine.judge_way({"Driver": "vfs"}, None)

    assert slow.level is Level.WARNING and "vfs" in slow.text
