"""The one exception that leaves a spawner, in the shape that the hub shows to people."""

from markupsafe import escape
from tornado import web


class StartFailed(web.HTTPError):
    """
    A start was refused (status 4xx) or failed (5xx).

    The hub shows ``jupyterhub_message`` on its pages and in its progress stream, and the same
    text in answers of its REST API. (``jupyterhub.spawner.SpawnException`` would be the hub's own
    name for this; it is missing in 5.x, and 6.1's form shows it raw.)
    """

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(status, message)
        self.jupyterhub_message = message
        self.jupyterhub_html_message = str(escape(message))
