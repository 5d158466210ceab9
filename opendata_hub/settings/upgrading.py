"""The hub's database in the form of this JupyterHub, whichever one has made it; a copy stays."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import jupyterhub
from jupyterhub import dbutil, orm
from sqlalchemy import URL, create_engine

from opendata_hub.backup import database
from opendata_hub.errors import BackupError, ConfigError
from opendata_hub.machine import Say, ports
from opendata_hub.settings.state import State


class _Failed(Exception):
    """The text is what was said."""


def upgrade(state: State, port: int, say: Say) -> None:
    """
    Bring the database into the form of this JupyterHub, if another one has made it.

    A copy is upgraded, and takes the database's place when it is whole. Another copy, of how it
    was before, stays in the hub's folder.

    Args:
        port: where a hub that runs answers its servers.
        say: told where that copy is.

    Raises:
        ConfigError: it cannot be done; then the database is as it was.
    """
    if not _is_anothers(state.database):
        return
    if ports.is_listening(port):
        raise ConfigError(f"A hub with another JupyterHub runs on port {port}; stop it first.")
    when = datetime.now(timezone.utc)
    before = state.folder / f"before-upgrade-{when:%Y-%m-%dT%H-%M-%SZ}.sqlite"
    try:
        _write_behind(state.database_file)
        database.copy(state.database_file, before)
        _upgrade(state.database_file, before)
    except (BackupError, OSError, sqlite3.Error, _Failed) as error:
        raise ConfigError(_sentence(before, str(error).rstrip("."))) from None
    say(f"The hub's database is now one of JupyterHub {jupyterhub.__version__}; before: {before}")


def _is_anothers(url: str) -> bool:
    engine = create_engine(url)
    try:
        orm.check_db_revision(engine)
    except orm.DatabaseSchemaMismatch:
        return True
    finally:
        engine.dispose()
    return False


def _write_behind(file: Path) -> None:
    """Have all of it in one file: a log of writes ahead would be taken for the next one's."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA journal_mode=DELETE").close()


def _upgrade(file: Path, before: Path) -> None:
    with TemporaryDirectory(prefix="upgrade-", dir=file.parent) as folder:
        draft = Path(folder, file.name)
        database.copy(before, draft)
        _run_alembic(draft)
        _write_behind(draft)
        draft.replace(file)


def _run_alembic(file: Path) -> None:
    """Do what ``jupyterhub upgrade-db`` does, which finds no alembic outside of PATH."""
    url = URL.create("sqlite", database=str(file)).render_as_string()
    ini = str(file.with_name("alembic.ini"))
    dbutil.write_alembic_ini(ini, url)
    command = [sys.executable, "-m", "alembic", "-c", ini, "upgrade", "head"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _Failed((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])


def _sentence(before: Path, why: str) -> str:
    copy = f"; a copy is {before}" if before.exists() else ""
    return (
        f"The hub's database cannot be upgraded for JupyterHub {jupyterhub.__version__}: {why}. "
        f"It is as it was{copy}. Install the JupyterHub that has made it, and the hub runs as "
        "before; then tell the project."
    )
