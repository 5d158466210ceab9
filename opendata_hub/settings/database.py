"""The hub's database: SQLite, as quick as it may be without forgetting anything."""

import sqlite3
from typing import Any


class _Connection(sqlite3.Connection):
    """
    Writes ahead: one wait for the disk at each commit instead of three.

    A login to a server is some eight commits, for each of which the hub answers nobody.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL").close()


OPTIONS = {"connect_args": {"check_same_thread": False, "factory": _Connection}}
"""For ``JupyterHub.db_kwargs``."""
