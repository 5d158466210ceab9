"""What ``opendata-hub backup`` and ``restore`` share: the vault and its password."""

import os
import sys
from pathlib import Path

import click

from opendata_hub.backup import Run, Vault, exists, is_encrypted, open_vault
from opendata_hub.errors import BackupError
from opendata_hub.fields import nearest
from opendata_hub.settings.accounts import new_password
from opendata_hub.settings.backup import JOURNAL

KEPT = "backup-password"
"""File in the hub's state that has the password of its backups."""

_VARIABLES = ("RESTIC_PASSWORD", "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND")

password_file = click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"With the password of the backup.  [default: .hub/{KEPT}, else it is asked for]",
)


def vault_to_read(place: str, state: Path, file: Path | None) -> Vault:
    """
    Open the vault of a place that has one.

    Args:
        state: folder of the hub that may keep the password.

    Raises:
        BackupError: there is none, or the password is not to be had.
    """
    if not exists(place, None):
        raise BackupError(f"{place} holds no backup; is its disk mounted?")
    return open_vault(place, _known(state, file) or _asked(place) if _needs(place) else None)


def vault_to_write(place: str, state: Path, file: Path | None) -> Vault:
    """
    Open the vault of a place, or a new one, whose password is then kept and told.

    Raises:
        BackupError: the place cannot be one, or the password is not to be had.
    """
    if not _needs(place):
        return open_vault(place, None)
    if exists(place, None):
        password = _known(state, file) or _asked(place)
        vault = open_vault(place, password)
        vault.runs()  # that password is right
        _keep(state, password)
    else:
        password = _known(state, file) or f"{new_password()}-{new_password()}"
        vault = open_vault(place, password)
        if _keep(state, password):
            _tell(state, password)
    return vault


def chosen(vault: Vault, name: str | None) -> Run:
    """
    Return a run by its name; without one the last.

    Raises:
        BackupError: there is none.
    """
    runs = {run.name: run for run in vault.runs()}
    if not runs:
        raise BackupError(f"{vault.place} holds no whole backup yet.")
    if name and name not in runs:
        raise BackupError(
            f"{vault.place} has no backup {name!r}.{nearest(name, runs)} All that there are: "
            f"opendata-hub backup --list {vault.place}"
        )
    return runs[name] if name else list(runs.values())[-1]


def _needs(place: str) -> bool:
    """Whether we have to know the password; else restic finds it in the environment by itself."""
    return is_encrypted(place) and not any(name in os.environ for name in _VARIABLES)


def _known(state: Path, file: Path | None) -> str:
    kept = file or state / KEPT
    try:
        return kept.read_text("utf-8").strip() if file or kept.exists() else ""
    except OSError as error:
        raise BackupError(f"{kept} cannot be read: {error.strerror}.") from None


def _asked(place: str) -> str:
    if not sys.stdin.isatty():
        raise BackupError(f"{place} is encrypted; give its password: --password-file FILE")
    password: str = click.prompt(f"Password of the backup in {place}", hide_input=True, err=True)
    return password


def _keep(state: Path, password: str) -> bool:
    """Write it down for the next run, unless one is; return whether it was."""
    file = state / KEPT
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        stream.write(f"{password}\n")
    return True


def _tell(state: Path, password: str) -> None:
    if JOURNAL in os.environ:
        click.echo(
            f"The backup is encrypted. Its password is in {state / KEPT}: write it down away from "
            "this machine, as it is lost with it, and without it there is no restore."
        )
        return
    click.echo(
        f"The backup is encrypted. Its password:\n\n  {password}\n\n"
        "Without it there is no restore. Write it down away from this machine: the copy in "
        f"{state / KEPT} is lost with it.\n"
    )
