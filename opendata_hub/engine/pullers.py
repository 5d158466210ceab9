"""A client for pulls that may not be silent for ever."""

from typing import Any

import docker
from docker.utils import kwargs_from_env


class Puller(docker.APIClient):
    """
    A client whose timeout holds for pulls, too: docker-py waits for their next word without end.

    The engine that ``DOCKER_HOST`` names, else this machine's.

    Args:
        silence: seconds.
    """

    def __init__(self, silence: float) -> None:
        super().__init__(version="auto", timeout=silence, **kwargs_from_env())

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send a request; the session's own way to do it."""
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        return super().request(method, url, **options)
