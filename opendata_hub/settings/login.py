"""How people log in: the authenticator that hub.yaml names, and what is wrong with what it says."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from jupyterhub.auth import Authenticator
from oauthenticator.oauth2 import OAuthenticator
from traitlets import TraitError

from opendata_hub.errors import ConfigError
from opendata_hub.fields import nearest
from opendata_hub.login.guard import guarded
from opendata_hub.login.openid import is_safe
from opendata_hub.settings.entrance import Login
from opendata_hub.settings.model import HubFile
from opendata_hub.settings.presets import COURSE, LTI, METHODS, NATIVE, SHARED, Method

__all__ = [
    "NATIVE",
    "SHARED",
    "SHARED_WARNING",
    "admin_groups",
    "authenticator",
    "faults",
    "method",
]

SHARED_WARNING = (
    "Login is by a shared password: whoever knows the class password can be any student, and "
    "read and change that student's files. Use it in rooms where everyone trusts everyone."
)

_ELSEWHERE = {
    "admin_users": "is not set here; write login.admins",
    "oauth_callback_url": "follows from hub.url; take it out",
    **dict.fromkeys(
        ("allowed_failed_logins", "seconds_before_next_try"),
        "is no more: failed logins are counted for every method; take it out",
    ),
}
"""Traits that are the hub's own business."""

_OF_EVERYONE = {"method", "admins", "allow", "options", "open_to_anybody"}
_PLAIN = ("client_id", "client_secret", "client_secret_file", "contact")


def method(name: str) -> Method:
    """
    Return what is known of a way to log in: one of ours, or an installed authenticator.

    Raises:
        ConfigError: there is none of that name, or it cannot be imported.
    """
    if name in METHODS:
        return METHODS[name]
    cls = _installed(name)
    place = f"{cls.__module__}.{cls.__qualname__}"
    if issubclass(cls, OAuthenticator):
        return Method(place, _PLAIN[:3], allow=("users", "groups", "everybody"), provider=True)
    return Method(place)


def authenticator(name: str) -> type[Authenticator]:
    """
    Return the class of a way to log in, behind the guard.

    Raises:
        ConfigError: see :func:`method`.
    """
    return guarded(method(name).cls() if name in METHODS else _installed(name))


def admin_groups(entry: Login) -> set[str]:
    """Return the groups whose members are admins, wherever they are written."""
    written = entry.options.get("admin_groups")
    return {*entry.admin_groups, *(map(str, written) if isinstance(written, list) else ())}


def _installed(name: str) -> type[Authenticator]:
    installed = {point.name: point for point in entry_points(group="jupyterhub.authenticators")}
    if name not in installed:
        known = sorted({*METHODS, *installed})
        raise ConfigError(
            f"login.method is {name!r}, which is not installed; there is {', '.join(METHODS)}; "
            f"installed: {', '.join(sorted(installed))}.{nearest(name, known)}"
        )
    try:
        found: type[Authenticator] = installed[name].load()
    except ImportError as error:
        raise ConfigError(
            f"login.method is {name!r}, which cannot be loaded: {error}; install what it needs."
        ) from None
    return found


def faults(file: HubFile, where: str) -> Iterator[str]:
    """Say what is wrong with ``login``, one sentence per fault."""
    try:
        known, cls = method(file.login.method), authenticator(file.login.method)
    except ConfigError as error:
        yield f"{where}: {error}"
        return
    found = (
        *_key_faults(file.login, known),
        *_provider_faults(file.login, known),
        *_option_faults(cls, file.login.options),
        *_group_faults(file),
    )
    for fault in found:
        yield f"{where}: {fault}"


def _key_faults(login: Login, known: Method) -> Iterator[str]:
    """Keys that this method does not take, and those that it misses."""
    name = login.method
    for key in sorted(login.model_fields_set - _OF_EVERYONE - {*known.keys}):
        yield f"login.{key} is nothing to the method {name}; take it out.{_of(key)}"
    for key in sorted(login.allow.model_fields_set - {*known.allow}):
        allowed = ", ".join(known.allow)
        yield f"login.allow.{key} is nothing to the method {name}; there is: {allowed}."
    for key in known.needs:
        written = (getattr(login, key), getattr(login, f"{key}_file", None), login.options.get(key))
        if not any(written):
            wanted = "client_secret_file" if key == "client_secret" else key
            yield f"login.{wanted} is missing, which the method {name} needs."


def _of(key: str) -> str:
    users = [name for name, known in METHODS.items() if key in known.keys]
    return f" It is for {', '.join(users)}."


def _provider_faults(login: Login, known: Method) -> Iterator[str]:
    """What would let in others than those who are meant."""
    is_foreign = known.provider or login.method not in METHODS
    if is_foreign and "admins" not in login.model_fields_set:
        place = f"at {known.name or 'the provider'}" if known.provider else f"with {login.method}"
        yield (
            f"login.admins is missing: write the names that your admins have {place}, or [] for "
            "none; 'admin' may be a stranger there."
        )
    if login.issuer and not is_safe(login.issuer):
        yield f"login.issuer is {login.issuer!r}; write an address that begins with https://."
    if login.method == LTI and login.groups_claim not in (None, COURSE):
        yield f"login.groups_claim is {login.groups_claim!r}; with lti write {COURSE}, or nothing."


def _option_faults(cls: type[Authenticator], options: Mapping[str, Any]) -> Iterator[str]:
    known = cls.class_traits(config=True)
    own = sorted(set(known) - set(Authenticator.class_traits(config=True)))
    blank = Authenticator.__new__(cls)  # takes traits, but opens no database: that is __init__'s
    for name, value in options.items():
        if name in _ELSEWHERE:
            yield f"login.options.{name} {_ELSEWHERE[name]}."
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
    if (file.groups or file.classes) and file.login.options.get("manage_groups"):
        yield (
            "groups and login.options.manage_groups exclude each other; write the groups here, or "
            "let the login bring them."
        )
    here = {*file.groups, *(entry.key for entry in file.classes)}
    for name in sorted(here & admin_groups(file.login)):
        yield (
            f"login.admin_groups has {name!r}, which is a group or class of hub.yaml, whose "
            "members would all be admins; write groups there that the login brings, and admins "
            "of your own under login.admins."
        )
