"""Logins at registries: what to do where one is refused, or missing."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opendata_hub.errors import ConfigError, EngineError, PullError
from opendata_hub.registries import REFUSAL, Login, advice


@contextmanager
def advised(logins: Mapping[str, Login], reference: str) -> Iterator[None]:
    """
    Add to the error of a pull what an operator can do about its registry's refusal.

    Raises:
        PullError: the password's file cannot be used.
        EngineError: the same as came, of the same kind, with more words.
    """
    try:
        yield
    except ConfigError as error:
        raise PullError(str(error)) from error
    except EngineError as error:
        if not re.search(REFUSAL, str(error), re.IGNORECASE):
            raise
        said = str(error).rstrip(". ")
        raise type(error)(f"{said} ({advice(logins, reference)})") from error
