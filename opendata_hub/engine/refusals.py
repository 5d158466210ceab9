"""What the engine says when it cannot, turned into our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from opendata_hub import errors


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn docker-py's exceptions into ours.

    Raises:
        ImageNotFound: the engine answered that there is no such image.
        EngineUnreachable: no answer, or no permission to ask.
        EngineError: every other refusal, with the engine's own words.
    """
    try:
        yield
    except ImageNotFound as error:
        raise errors.ImageNotFound(_words(error)) from error
    except NotFound as error:
        if "no such image" in _words(error).lower():
            raise errors.ImageNotFound(_words(error)) from error
        raise errors.EngineError(_words(error)) from error
    except APIError as error:
        raise errors.EngineError(_words(error)) from error
    except (requests.RequestException, DockerException) as error:
        raise errors.EngineUnreachable(
            f"The container engine does not answer: {error}. Start it with "
            "'sudo systemctl start docker', or let this user in with "
            "'sudo usermod -aG docker USER'."
        ) from error


def _words(error: APIError) -> str:
    return str(error.explanation or error)
