"""How people log in: the authenticator that hub.yaml names, and what it is told."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import TraitError

from opendata_hub.errors import ConfigError
from opendata_hub.fields import nearest
from opendata_hub.native import NativeAuthenticator
from opendata_hub.settings.model import HubFile

NATIVE = "native"
SHARED = "shared-password"
SHARED_WARNING = (
    "Login is by a shared password: whoever knows the class password can be any student, and "
    "read and change that student's files. Use it in rooms where everyone trusts everyone."
)

_ELSEWHERE = {"admin_users": "login.admins"}
"""Traits that hub.yaml sets by a key of its own."""


def authenticator(method: str) -> type[Authenticator]:
    """
    Return the class of an installed authenticator.

    Args:
        method: name of its entry point.

    Raises:
        ConfigError: there is none of that name, or it cannot be imported.
    """
    if method == NATIVE:
        return NativeAuthenticator
    installed = {point.name: point for point in entry_points(group="jupyterhub.authenticators")}
    if method not in installed:
        raise ConfigError(
            f"login.method is {method!r}, which is not installed; installed: "
            f"{', '.join(sorted(installed))}.{nearest(method, installed)}"
        )
    try:
        found: type[Authenticator] = installed[method].load()
    except ImportError as error:
        raise ConfigError(
            f"login.method is {method!r}, which cannot be loaded: {error}; install what it needs."
        ) from None
    return found


def faults(file: HubFile, where: str) -> Iterator[str]:
    """Say what is wrong with ``login``, one sentence per fault."""
    try:
        cls = authenticator(file.login.method)
    except ConfigError as error:
        yield f"{where}: {error}"
        return
    for fault in (*_option_faults(cls, file.login.options), *_group_faults(file)):
        yield f"{where}: {fault}"


def _option_faults(cls: type[Authenticator], options: Mapping[str, Any]) -> Iterator[str]:
    known = cls.class_traits(config=True)
    own = sorted(set(known) - set(Authenticator.class_traits(config=True)))
    blank = Authenticator.__new__(cls)  # takes traits, but opens no database: that is __init__'s
    for name, value in options.items():
        if name in _ELSEWHERE:
            yield f"login.options.{name} is not set here; write {_ELSEWHERE[name]}."
        elif name not in known:
            yield (
                f"login.options.{name} is not an option of {cls.__name__}; its own: "
                f"{', '.join(own)}.{nearest(name, known)}"
            )
        else:
            yield from _value_faults(blank, name, value)


def _value_faults(blank: Authenticator, name: str, value: object) -> Iterator[str]:
    """Name no value here: options hold secrets."""
    try:
        setattr(blank, name, value)
    except TraitError:
        wanted = blank.traits()[name].info()
        yield f"login.options.{name} has a value of the wrong kind; write {wanted}."
    except ValueError as error:
        yield f"login.options.{name} is refused: {str(error).rstrip('.')}."


def _group_faults(file: HubFile) -> Iterator[str]:
    if file.groups and file.login.options.get("manage_groups"):
        yield (
            "groups and login.options.manage_groups exclude each other; write the groups here, or "
            "let the login bring them."
        )
