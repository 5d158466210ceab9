"""What the engine says when it cannot, turned into our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, StreamParseError

from opendata_hub import errors


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn docker-py's exceptions into ours.

    Raises:
        ImageNotFound: the engine answered that there is no such image.
        EngineUnreachable: no answer, an answer that broke off, or no permission to ask.
        EngineError: every other refusal, with the engine's own words.
    """
    try:
        yield
    except ImageNotFound as error:
        raise errors.ImageNotFound(_words(error)) from error
    except APIError as error:
        raise errors.EngineError(_words(error)) from error
    except UNANSWERED as error:
        raise _unreachable(error) from error
    except DockerException as error:  # of the library itself: a login helper, a setting
        if isinstance(error.__cause__, requests.RequestException):  # a new client's first question
            raise _unreachable(error) from error
        raise errors.EngineError(str(error)) from error


@contextmanager
def understood() -> Iterator[None]:
    """
    Read an answer of the engine's.

    Raises:
        EngineError: it is not what an engine answers.
    """
    try:
        yield
    except _NONSENSE as error:
        raise errors.EngineError(
            f"The container engine answered what nobody can read ({error!r}); see its version."
        ) from error


_NONSENSE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

# The library leaves errors in the middle of a stream as they are: those of the two rooms below it,
# and its own for an answer that ends within a word.
UNANSWERED = (requests.RequestException, urllib3.exceptions.HTTPError, StreamParseError)


def _unreachable(error: Exception) -> errors.EngineUnreachable:
    return errors.EngineUnreachable(
        f"The container engine does not answer: {error}. Start it with "
        "'sudo systemctl start docker', or let this user in with 'sudo usermod -aG docker USER'."
    )


def _words(error: APIError) -> str:
    return str(error.explanation or error)
