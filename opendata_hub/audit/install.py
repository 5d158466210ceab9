"""The lines of a hub's configuration that make it write down who does what."""

from typing import Any

from opendata_hub.audit import logins, requests
from opendata_hub.audit.ledger import Ledger
from opendata_hub.audit.pen import Pen


def add(c: Any, ledger: Ledger) -> None:
    """
    Let a hub write its events, and ours, into the ledger.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
    """
    c.EventLogger.handlers = [Pen(ledger)]
    c.JupyterHub.tornado_settings.update({"log_function": requests.log})
    logins.watch()
