"""Any provider of OpenID Connect, found by its issuer."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt
from oauthenticator.generic import GenericOAuthenticator
from tornado.httputil import url_concat
from traitlets import Bool, Dict, List, Unicode

from opendata_hub.login.guard import Told
from opendata_hub.login.own_groups import OwnGroups
from opendata_hub.login.provider import AtProvider

WELL_KNOWN = "/.well-known/openid-configuration"
_LONGEST_HINT = 4000  # what fits into a URL everywhere
_BESIDE = "opendata_hub_beside_userinfo"
"""Where a token's claims are kept that userinfo lacked when the token was new."""


class OpenIDAuthenticator(OwnGroups, AtProvider, GenericOAuthenticator):
    """
    Asks the issuer for its addresses at the first login, not at the hub's start: it may be down.

    Claims come from the provider's userinfo, and from the ID token what is missing there at the
    login: what userinfo says no more later, such as groups, is not taken from an old token. The
    token needs no signature: it comes from the provider itself, over TLS (OpenID Connect Core,
    3.1.3.7).
    """

    issuer = Unicode(config=True, help="The provider, as it calls itself: an address.")
    allowed_claims = Dict(
        List(Unicode()),
        config=True,
        help="Let in everybody who has one of these values of a claim: claim to list of values.",
    )
    allowed_domains = List(
        Unicode(),
        config=True,
        help="Let in everybody whose mail address, which the provider has verified, is of one of "
        "these domains.",
    )
    groups_claim = Unicode("groups", config=True, help="Claim that holds the user's groups.")
    end_session = Bool(
        True, config=True, help="Log people out of the provider, too, when they log out of the hub."
    )
    end_session_url = Unicode(config=True, help="Where; what the issuer says unless set.")
    _known = Bool(False)

    async def ready(self) -> None:
        """
        Ask for the addresses, unless they are known.

        Raises:
            Told: the answer is not that of this issuer.
        """
        if self._known:
            return
        found = await self.httpfetch(
            self.issuer.rstrip("/") + WELL_KNOWN, "asking for addresses", connect_timeout=5
        )
        if fault := misfit(found, self.issuer):
            self.log.error("%s%s %s", self.issuer, WELL_KNOWN, fault)
            raise Told(502, f"{self.named} cannot be used: {self.issuer} {fault}.")
        self.issuer = found["issuer"]
        ways = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self.basic_auth = "client_secret_basic" in ways
        self.end_session_url = self.end_session_url or found.get("end_session_endpoint", "")
        self.token_url, self.userdata_url = found["token_endpoint"], found["userinfo_endpoint"]
        self.authorize_url = found["authorization_endpoint"]
        self._known = True

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """
        Return all claims.

        Args:
            token_info: the provider's answer; it is kept with what is noted in it here.
        """
        told: dict[str, Any] = await super().token_to_user(token_info)
        claims = self._claims(token_info.get("id_token"))
        if claims and claims.get("sub") != told.get("sub"):
            raise ValueError("ID token and userinfo are of different users")
        beside = token_info.setdefault(_BESIDE, sorted(claims.keys() - told.keys()))
        return {**{claim: claims[claim] for claim in beside if claim in claims}, **told}

    def _claims(self, token: str | None) -> dict[str, Any]:
        if not token:
            return {}
        checks: Any = {"verify_signature": False, "verify_aud": True, "verify_iss": True}
        try:
            return jwt.decode(token, audience=self.client_id, issuer=self.issuer, options=checks)
        except jwt.InvalidTokenError as error:
            raise ValueError(f"the ID token is refused: {error}") from None

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        """Groups by the claim, a text being one group; and those that the hub itself keeps."""
        claims = auth_state[self.user_auth_state_key]
        name = self.normalize_username(self.user_info_to_username(claims))
        found = map(str, _listed(claims.get(self.groups_claim) or ()))
        return {*found} - {*self.own_groups} | own(self.own_groups, name)

    async def may_come(self, name: str, model: dict[str, Any]) -> bool:
        """Ask for claims and the domain, too."""
        if await super().may_come(name, model):
            return True
        claims = model["auth_state"][self.user_auth_state_key]
        return self._has_claim(claims) or self._has_domain(claims)

    def _has_claim(self, claims: Mapping[str, Any]) -> bool:
        return any(
            wanted in map(str, _listed(claims.get(claim) or ()))
            for claim, values in self.allowed_claims.items()
            for wanted in values
        )

    def _has_domain(self, claims: Mapping[str, Any]) -> bool:
        domain = str(claims.get("email", "")).rpartition("@")[2].lower()
        return claims.get("email_verified") is True and domain in self.allowed_domains

    async def end_url(self, user: Any) -> str:
        """Where to end the session, with the token that tells whose."""
        if not (self.end_session and self.end_session_url):
            return ""
        state = await user.get_auth_state() if user else None
        hint = (state or {}).get("id_token") or ""
        about = {"client_id": self.client_id}
        if 0 < len(hint) < _LONGEST_HINT:
            about["id_token_hint"] = hint
        return str(url_concat(self.end_session_url, about))


def _listed(value: Any) -> Collection[Any]:
    return value if isinstance(value, list | tuple) else [value]


def own(groups: Mapping[str, Collection[str]], user: str) -> set[str]:
    """Return the names of the groups that list this user."""
    return {name for name, users in groups.items() if user in map(str.lower, users)}


def misfit(found: Any, issuer: str) -> str:
    """
    Say what is wrong with what an issuer says about itself; nothing if it can be used.

    Args:
        found: its configuration, as read.
    """
    if not isinstance(found, dict) or str(found.get("issuer")).rstrip("/") != issuer.rstrip("/"):
        return "does not say that it is this issuer"
    for key in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint"):
        if not is_safe(str(found.get(key, ""))):
            return f"has no {key} over https"
    return ""


def is_safe(url: str) -> bool:
    """Whether nobody can listen on the way: by TLS, or because it does not leave this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return False
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))
