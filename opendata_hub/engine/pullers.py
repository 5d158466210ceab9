"""A client for pulls that may not be silent for ever."""

from typing import Any

import docker

SILENCE = 120.0
"""Seconds after which a registry that says nothing counts as gone."""


class Puller(docker.APIClient):
    """
    A twin of a client, whose timeout holds for pulls, too: docker-py waits for their next word
    without end.

    The two share their connections.

    Args:
        silence: seconds.
    """

    def __init__(self, client: docker.APIClient, silence: float) -> None:
        self.__dict__.update(client.__dict__)
        self.timeout = silence

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send a request; the session's own way to do it."""
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        return super().request(method, url, **options)
