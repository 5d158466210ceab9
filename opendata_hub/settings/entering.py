"""Checked `login` -> the traitlets of its authenticator, and what must be registered elsewhere."""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import click

from opendata_hub.errors import ConfigError
from opendata_hub.settings import exposure, login
from opendata_hub.settings.entrance import Allow, Login
from opendata_hub.settings.model import Settings
from opendata_hub.settings.presets import LTI, NATIVE, SHARED, Method
from opendata_hub.settings.state import State, private

CALLBACK = "/hub/oauth_callback"
LTI_LOGIN = "/hub/lti13/oauth_login"
LTI_CALLBACK = "/hub/lti13/oauth_callback"
PAM_WARNING = (
    "Login is by accounts of this machine, and the hub's user may not check other users' "
    "passwords: nobody else gets in. Start the hub as root."
)

_OPEN_ID = {
    "issuer": "issuer",
    "scopes": "scope",
    "user_claim": "username_claim",
    "groups_claim": "groups_claim",
    "admin_groups": "admin_groups",
    "end_session": "end_session",
    "client_id": "client_id",
    "contact": "contact",
}
_LTI = {
    "issuer": "issuer",
    "authorize_url": "authorize_url",
    "jwks_url": "jwks_endpoint",
    "user_claim": "username_key",
    "contact": "contact",
}
_ALLOW = {
    "users": "allowed_users",
    "groups": "allowed_groups",
    "claims": "allowed_claims",
    "domains": "allowed_domains",
    "organisations": "allowed_organizations",
    "courses": "allowed_courses",
}
_NATIVE = {
    "open_signup": False,
    "allow_all": True,  # everyone whom nativeauthenticator lets in: those with an approved account
    "minimum_password_length": 8,
    "check_common_password": True,
    "allowed_failed_logins": 0,  # the guard counts them
}


def add(c: Any, settings: Settings) -> None:
    """
    Have the hub log people in as hub.yaml says; say what that means where it is dangerous.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.

    Raises:
        ConfigError: a file with a secret cannot be used.
    """
    entry, known = settings.login, login.method(settings.login.method)
    cls = login.authenticator(entry.method)
    c.JupyterHub.authenticator_class = cls
    # instead of admin_users: who is taken off this list is no admin any more
    c.JupyterHub.load_roles = [{"name": "admin", "users": list(entry.admins)}]
    own = c[cls.__name__]
    if entry.method == NATIVE:
        own.update(_NATIVE)
    else:
        c.Authenticator.allow_all = entry.allow.everybody
        # who is taken off login.allow is still in the hub's database
        c.Authenticator.allow_existing_users = False
        c.Authenticator.admin_users = set(entry.admins)
        own.update(_allowed(entry.allow, entry.admins))
    if known.provider:
        own.update(_provider(settings, known))
    if known.asks_again:
        _remember(c, State(settings.folder))
    own.update(entry.options)
    _warn(settings)


def _allowed(allow: Allow, admins: tuple[str, ...]) -> dict[str, Any]:
    """
    Traits that let people in, admins among them: JupyterHub alone forgets them without others.

    Only those of keys that were written: not every authenticator has the others.
    """
    found: dict[str, Any] = {}
    for key, trait in _ALLOW.items():
        if value := getattr(allow, key):
            found[trait] = _plain(value)
    if users := (*allow.users, *admins):
        found["allowed_users"] = [name.lower() for name in users]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: list(values) for key, values in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _provider(settings: Settings, known: Method) -> dict[str, Any]:
    entry, url = settings.login, settings.hub.url
    names = _LTI if entry.method == LTI else {k: t for k, t in _OPEN_ID.items() if k in known.keys}
    found = {trait: _plain(_value(entry, known, key)) for key, trait in names.items()}
    if entry.method == LTI:
        found |= {"client_id": {entry.client_id}, "uri_scheme": url.partition(":")[0]}
        found |= {"tool_name": settings.hub.title}
    else:
        found |= {"oauth_callback_url": url + CALLBACK, "login_service": known.name}
        found |= {"client_secret": entry.secret(settings.folder), **_trust(settings)}
        if entry.allow.organisations:
            found["scope"] = ["read:org"]  # else only those who show that they are members
    if "groups_claim" in known.keys:
        found |= {
            "own_groups": _plain(dict(settings.groups)),
            "manage_groups": entry.brings_groups,
        }
    return {trait: value for trait, value in found.items() if value not in (None, "", [])}


def _value(entry: Login, known: Method, key: str) -> Any:
    return getattr(entry, key) if key in entry.model_fields_set else known.known.get(key)


def _trust(settings: Settings) -> dict[str, Any]:
    bundle = State(settings.folder).ca_bundle
    return {"http_request_kwargs": {"ca_certs": str(bundle)}} if settings.site.ca_bundle else {}


def _remember(c: Any, state: State) -> None:
    """
    Keep what the provider said, encrypted, so that it can be asked again.

    Raises:
        ConfigError: the key cannot be written.
    """
    c.Authenticator.enable_auth_state = True
    c.Authenticator.refresh_pre_spawn = False  # a class would ask all at once; its pages just did
    try:
        if not state.crypt_key.exists():
            with open(state.crypt_key, "x", opener=private, encoding="utf-8") as stream:
                stream.write(secrets.token_hex(32))
        c.CryptKeeper.keys = [bytes.fromhex(state.crypt_key.read_text("utf-8"))]
    except (OSError, ValueError) as error:
        raise ConfigError(f"{state.crypt_key} cannot be used: {error}") from None


def _warn(settings: Settings) -> None:
    if settings.login.method == SHARED:
        click.echo(login.SHARED_WARNING)
    if settings.login.method == "pam" and not os.access("/etc/shadow", os.R_OK):
        click.echo(PAM_WARNING)
    for warning in exposure.warnings(settings):
        click.echo(f"Warning: {warning}")


def registration(settings: Settings) -> Iterator[str]:
    """Yield, one line each, what to type where this hub is registered with the login's provider."""
    known, url = login.method(settings.login.method), settings.hub.url
    if settings.login.method == LTI:
        yield "Register this hub with your learning platform as an LTI 1.3 tool:"
        yield f"  Tool URL                {url}/hub/"
        yield f"  Initiate login URL      {url}{LTI_LOGIN}"
        yield f"  Redirection URI(s)      {url}{LTI_CALLBACK}"
    elif known.provider:
        yield f"Register this hub with {known.name or 'the provider'}; its callback URL is"
        yield f"  {url}{CALLBACK}"
