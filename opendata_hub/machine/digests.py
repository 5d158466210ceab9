"""What a registry says that a name means now, asked through the engine; nothing is downloaded."""

from collections.abc import Mapping
from dataclasses import dataclass

import docker

from opendata_hub.catalogue import Image, repository
from opendata_hub.engine import advised, translated
from opendata_hub.errors import EngineError, EngineUnreachable, OpenDataError
from opendata_hub.machine import presence
from opendata_hub.registries import Login, auth_config


@dataclass(frozen=True)
class Answer:
    """
    What a name means.

    Attributes:
        digest: ``sha256:…``
        trouble: why the registry did not tell, where the digest is that of the image which is here.
    """

    digest: str
    trouble: str = ""


def ask(client: docker.DockerClient, image: Image, logins: Mapping[str, Login]) -> Answer:
    """
    Ask the registry for the digest of an entry's image as it is written; else take that which the
    image of this name has here.

    Raises:
        EngineError: the registry does not tell, and no image of this name came from there.
    """
    try:
        with translated(), advised(logins, image.image):
            auth = auth_config(logins, image.image)
            told = client.api.inspect_distribution(image.image, auth)
    except EngineUnreachable:
        raise
    except OpenDataError as error:
        here = _here(client, image)
        if here:
            return Answer(here, str(error))
        raise EngineError(str(error)) from None
    return Answer(str(told["Descriptor"]["digest"]))


def _here(client: docker.DockerClient, image: Image) -> str:
    found = presence.find(client, image.pinned(None))
    names = (found.attrs["RepoDigests"] or ()) if found else ()
    ours = [name for name in names if repository(name) == repository(image.image)]
    return str(ours[0].partition("@")[2]) if ours else ""
