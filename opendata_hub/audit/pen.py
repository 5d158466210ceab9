"""JupyterHub's events, and ours among them, into the ledger."""

import logging
from typing import Any

from traitlets.log import get_logger

from opendata_hub.audit.ledger import Ledger

_SERVER = "https://schema.jupyter.org/jupyterhub/events/server-action"


class Pen(logging.Handler):
    """
    Writes what the hub's event log emits.

    A file that cannot be written stops nobody: the hub's log says so once, and that it can again.
    """

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger, self._fails = ledger, False

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pen":
        """The hub copies its configuration, which a handler's lock does not bear."""
        return self

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        capsule: Any = record.msg
        name, facts = _event(capsule)
        try:
            self.ledger.append(name, facts, record.created)
        except OSError as error:
            if not self._fails:
                get_logger().error(
                    "%s: who does what is not written down: %s", self.ledger.file, error.strerror
                )
            self._fails = True
        else:
            if self._fails:
                get_logger().warning("%s: written again", self.ledger.file)
            self._fails = False


def _event(capsule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    facts = {name: value for name, value in capsule.items() if not name.startswith("__")}
    if capsule["__schema__"] == _SERVER:
        told = {"user": facts["username"], "server": facts["servername"]}
        return f"server-{facts['action']}", told
    name = facts.pop("event", capsule["__schema__"].rpartition("/")[2])
    return name, facts
