"""Registries and the logins that they ask for."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from opendata_hub.errors import ConfigError
from opendata_hub.fields import Matching, Model, hidden_fault

DOCKER_HUB = "docker.io"
"""The registry of images whose name has no host."""

_HOST = r"localhost(:\d{1,5})?|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?|[a-z0-9-]+:\d{1,5}"
Host = Annotated[
    str,
    Matching(
        _HOST,
        "write a registry's host as names of images have it, such as quay.io or "
        "registry.example.org:5000, without https:// and path",
    ),
]


REFUSAL = (
    r"unauthorized|(?<!permission )\bdenied\b|forbidden|authentication required|"
    "no basic auth credentials"
)
"""What engines and registries write of an image that is not handed out; capitals do not count."""


def _text(value: object) -> object:
    if not isinstance(value, str | SecretStr) or not value:
        raise hidden_fault("write a text, in quotes where it looks like a number")
    return value


class Login(Model):
    """
    The login of one registry.

    Its password is in no text of it, and where a file has it, not in memory either.
    """

    username: str = Field(description="The user, or the name of an access token.", min_length=1)
    password: Annotated[SecretStr, BeforeValidator(_text)] | None = Field(
        None, description="The password or access token. Better keep it in a file of its own."
    )
    password_file: Path | None = Field(
        None,
        description="File with the password and nothing else, relative to hub.yaml, closed to "
        "other users. It is read at each pull.",
    )

    @model_validator(mode="after")
    def _one_password(self) -> "Login":
        if (self.password is None) == (self.password_file is None):
            raise ValueError("write one of password and password_file")
        return self

    def secret(self) -> str:
        """
        Return the password.

        Raises:
            ConfigError: its file cannot be read, is empty, or every user of the machine may read
                it; the text begins with the file's path.
        """
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else ""
        return read_secret(self.password_file)


def read_secret(file: Path) -> str:
    """
    Return the text of a file that holds a secret and nothing else.

    Raises:
        ConfigError: it cannot be read, is empty, or every user of the machine may read it; the
            text begins with the file's path.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            mode, text = os.fstat(stream.fileno()).st_mode, stream.read().strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not a UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; mend that.") from None
    if mode & stat.S_IROTH:
        raise ConfigError(f"{file} can be read by every user; close it: chmod o= {file}")
    if not text:
        raise ConfigError(f"{file} is empty; write the password into it.")
    return text


def _mapping_of_mappings(value: object) -> object:
    """Keep whoever writes ``host: user:password`` from seeing the password in the error."""
    if isinstance(value, dict) and all(isinstance(v, dict | Login) for v in value.values()):
        return value
    raise hidden_fault("write hosts, and under each its username and password_file")


Logins = Annotated[dict[Host, Login], BeforeValidator(_mapping_of_mappings)]
"""Logins by the host of their registry."""


class Registries(Model):
    """All logins."""

    registries: Logins = Field({}, description="Logins by the host of their registry.")


def host_of(reference: str) -> str:
    """Return the host of a reference's registry, as logins are named: ``docker.io`` for none."""
    first, slash, _ = reference.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    host = first.lower() if named else DOCKER_HUB
    return DOCKER_HUB if host == f"index.{DOCKER_HUB}" else host


def is_host(text: str) -> bool:
    """Whether a registry can be there, and nothing else, such as a path."""
    return re.fullmatch(_HOST, text) is not None


def auth_config(logins: Mapping[str, Login], reference: str) -> dict[str, str] | None:
    """
    Return what docker-py takes as ``auth_config`` for an image; None where no login is known.

    Raises:
        ConfigError: see :meth:`Login.secret`.
    """
    login = logins.get(host_of(reference))
    return {"username": login.username, "password": login.secret()} if login else None


def advice(logins: Mapping[str, Any], reference: str) -> str:
    """Say what an operator can do about a registry that refuses to hand out an image."""
    host = host_of(reference)
    if host in logins:
        return f"{host} refused the login that hub.yaml has for it under 'registries': mend that"
    return f"if {host} asks for a login, write it into hub.yaml under 'registries'"
