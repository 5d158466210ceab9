"""Pulling an image before the hub runs, its progress line by line."""

import docker

from opendata_hub.engine import advised, pull
from opendata_hub.errors import EngineError, MachineError
from opendata_hub.fields import format_size
from opendata_hub.machine import Say
from opendata_hub.machine.access import Access
from opendata_hub.registries import auth_config


def fetch(client: docker.DockerClient, reference: str, access: Access, say: Say) -> None:
    """
    Pull an image, with the login of its registry where there is one.

    Raises:
        MachineError: why it did not come.
    """
    say(f"Pulling {reference}")
    try:
        with advised(access.logins, reference):
            for now in pull(client.api, reference, auth_config(access.logins, reference)):
                if now.total:
                    say(f"  {format_size(now.done)} of {format_size(now.total)}")
    except EngineError as error:
        reason = str(error).rstrip(".")
        raise MachineError(f"{reference} cannot be pulled: {reason}.") from None
