"""What a start fails with: inside a spawner, and as the hub shows it to people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from markupsafe import escape
from tornado import web

from opendata_hub import diagnosis
from opendata_hub.diagnosis import Diagnosis
from opendata_hub.errors import EngineError, StorageError


class Diagnosed(Exception):
    """A start failed for a known reason; never leaves a spawner, which logs and tells it."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis)
        self.diagnosis = diagnosis


class StartFailed(web.HTTPError):
    """
    The one exception that leaves a spawner: a start was refused (status 4xx) or failed (5xx).

    The hub shows ``jupyterhub_message`` on its pages and in its progress stream, and the same
    text in answers of its REST API. (``jupyterhub.spawner.SpawnException`` would be the hub's own
    name for this; it is missing in 5.x, and 6.1's form shows it raw.)
    """

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(status, message)
        self.jupyterhub_message = message
        self.jupyterhub_html_message = str(escape(message))


@contextmanager
def explained(fail: Callable[[Diagnosis], StartFailed], image: str) -> Iterator[None]:
    """
    Turn what goes wrong with a server of this image, as people call it, into :class:`StartFailed`.

    Args:
        fail: logs the operator's half of a diagnosis; returns the exception with the student's.
    """
    try:
        yield
    except Diagnosed as error:
        raise fail(error.diagnosis) from None
    except StorageError as error:
        raise fail(diagnosis.without_home(str(error))) from error
    except EngineError as error:
        raise fail(diagnosis.refused(image, str(error))) from error
