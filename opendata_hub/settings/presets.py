"""
The logins that hub.yaml names by one word: class, what it must be told, and what we know already.

Issuers and claims are those of the providers' own documentation where there is one; docs/howto/
login.md says which we could not look up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from jupyterhub.auth import Authenticator

NATIVE = "native"
SHARED = "shared-password"
LTI = "lti"
COURSE = "course"
"""The one group that a learning platform brings."""

_CLIENT = ("client_id", "client_secret", "client_secret_file", "contact")
_OPENID = (
    *_CLIENT,
    "issuer",
    "scopes",
    "user_claim",
    "groups_claim",
    "admin_groups",
    "end_session",
)


@dataclass(frozen=True)
class Method:
    """
    One way to log in.

    Attributes:
        place: module and class.
        keys: of ``login``, those that it takes, beside ``method``, ``admins`` and ``options``.
        needs: of these, those that must be written.
        allow: keys of ``login.allow`` that it takes.
        anybody: whether everybody who can log in there is anybody on the internet.
        provider: whether names of users are made elsewhere.
        asks_again: whether the provider can be asked later who may still come in.
        known: keys that need not be written, with their values.
        name: what people call it.
    """

    place: str
    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    allow: tuple[str, ...] = ("users", "everybody")
    anybody: bool = True
    provider: bool = False
    asks_again: bool = False
    known: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def cls(self) -> type[Authenticator]:
        """Import the class; not before it is needed: some take long."""
        module, _, name = self.place.rpartition(".")
        found: type[Authenticator] = getattr(import_module(module), name)
        return found


def _openid(name: str, *needs: str, anybody: bool = True, **known: Any) -> Method:
    scopes = ("openid", "profile", "email")
    return Method(
        "opendata_hub.login.openid.OpenIDAuthenticator",
        _OPENID,
        ("client_id", "client_secret", *needs),
        ("users", "groups", "claims", "domains", "everybody"),
        anybody=anybody,
        provider=True,
        asks_again=True,
        known={"scopes": scopes, "user_claim": "sub", **known},
        name=name,
    )


METHODS = {
    NATIVE: Method("opendata_hub.login.native.NativeAuthenticator", allow=("users",)),
    SHARED: Method("opendata_hub.login.shared.SharedPasswordAuthenticator"),
    "pam": Method(
        "jupyterhub.auth.PAMAuthenticator", allow=("users", "groups", "everybody"), anybody=False
    ),
    "github": Method(
        "opendata_hub.login.provider.GitHubOAuthenticator",
        _CLIENT,
        ("client_id", "client_secret"),
        ("users", "organisations", "everybody"),
        provider=True,
        asks_again=True,
        name="GitHub",
    ),
    "google": Method(
        "opendata_hub.login.provider.GoogleOAuthenticator",
        _CLIENT,
        ("client_id", "client_secret"),
        ("users", "domains", "everybody"),
        provider=True,
        name="Google",
    ),
    "oidc": _openid("your organisation", "issuer"),
    "keycloak": _openid(
        "your organisation",
        "issuer",
        anybody=False,
        user_claim="preferred_username",
        groups_claim="groups",
    ),
    "cern": _openid(
        "CERN", issuer="https://auth.cern.ch/auth/realms/cern", groups_claim="cern_roles"
    ),
    "egi": _openid(
        "EGI Check-in",
        issuer="https://aai.egi.eu/auth/realms/egi",
        groups_claim="entitlements",
        scopes=("openid", "profile", "email", "voperson_id", "entitlements"),
    ),
    "infn": _openid(
        "INFN",
        issuer="https://iam.cloud.infn.it/",
        user_claim="preferred_username",
        groups_claim="groups",
    ),
    "eduteams": _openid(
        "eduTEAMS",
        issuer="https://proxy.eduteams.org",
        groups_claim="eduperson_entitlement",
        scopes=("openid", "profile", "email", "eduperson_entitlement"),
    ),
    LTI: Method(
        "opendata_hub.login.lti.LTI13Authenticator",
        (
            "issuer",
            "client_id",
            "authorize_url",
            "jwks_url",
            "user_claim",
            "groups_claim",
            "contact",
        ),
        ("issuer", "client_id", "authorize_url", "jwks_url"),
        ("users", "courses", "everybody"),
        anybody=False,
        provider=True,
        name="your learning platform",
    ),
}
