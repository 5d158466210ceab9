"""The hub as systemd's service: its units, its start, and whether it needs another one."""

from collections.abc import Mapping
from contextlib import closing

from opendata_hub.errors import MachineError, OpenDataError
from opendata_hub.install import running, systemd, units
from opendata_hub.install.environment import current
from opendata_hub.install.furnishing import file
from opendata_hub.machine import Say, daemon, packages
from opendata_hub.settings import Settings

_DROPPED = (systemd.NIGHTLY, systemd.BACKUP)


def write_units(settings: Settings, say: Say) -> bool:
    """
    Write the units as hub.yaml asks for; return whether the hub's own one is another now.

    Raises:
        MachineError: they cannot be written.
    """
    nightly = units.backup(settings.backup)
    changed = systemd.write({systemd.HUB: units.hub(settings, _engine()), **nightly}, say)
    if nightly:
        packages.ensure({"restic": "restic"}, say)
        systemd.enable(systemd.NIGHTLY, say)
        if systemd.NIGHTLY in changed:
            systemd.restart(systemd.NIGHTLY, say)
    else:
        systemd.remove(_DROPPED, say)
    return systemd.HUB in changed


def written_units() -> dict[str, str]:
    """Return the texts of the units that are there, by name."""
    texts = {name: systemd.text_of(name) for name in (*_DROPPED, systemd.HUB)}
    return {name: text for name, text in texts.items() if text}


def bring_units_back(texts: Mapping[str, str], say: Say) -> None:
    """
    Have the units as they were, whatever hub.yaml says by now, or the engine.

    Args:
        texts: of :func:`written_units`.

    Raises:
        MachineError: they cannot be written.
    """
    systemd.write(texts, say)
    systemd.remove([name for name in _DROPPED if name not in texts], say)
    if systemd.NIGHTLY in texts:
        systemd.enable(systemd.NIGHTLY, say)


def _engine() -> str:
    """Where the engine has its volumes; the engine is asked, as it may be told another place."""
    with closing(daemon.connect()) as client:
        return str(client.info().get("DockerRootDir") or daemon.ROOT)


def needs_start(settings: Settings, is_other_unit: bool) -> bool:
    """Whether the hub does not run, or would read something else in another start."""
    mark = running.mark(settings, file(), current())
    return is_other_unit or not systemd.is_active(systemd.HUB) or running.noted() != mark


def start(say: Say) -> None:
    """
    Start the hub, or start it again, and wait until people can come; at each boot from now on.

    Raises:
        MachineError: they cannot; the text has the hub's last words.
    """
    say("Starting the hub")
    try:
        systemd.enable_only(systemd.HUB, say)
        systemd.restart(systemd.HUB, say)
    except OpenDataError:
        raise MachineError(why_not()) from None


def why_not() -> str:
    """Say that the hub did not start, in its own words."""
    return (
        f"The hub did not start. Its last words:\n{systemd.last_words(systemd.HUB)}\n"
        f"All of them: journalctl --unit {systemd.HUB}"
    )
