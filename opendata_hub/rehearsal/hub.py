"""The hub's API, as far as a rehearsal needs it: who is here, and the invented students."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from opendata_hub.errors import RehearsalError
from opendata_hub.rehearsal import rights

ANSWER = 120.0
"""Seconds for one answer; a hub with a class at its door takes its time."""

_PAGE = 200  # users an answer; the most that the hub gives
_PAGED = "application/jupyterhub-pagination+json"
_LASTS = 2 * 3600  # seconds that a student's token is good for, should nobody revoke it
_LOOK_AGAIN = 1.0  # seconds between two looks at a server that stops
_LOOKS = 120

_TRUST = ssl.create_default_context()


def browser(url: str, **more: Any) -> httpx.AsyncClient:
    """Return a client as a browser is one; cookies are kept, and no web proxy is asked."""
    return httpx.AsyncClient(
        base_url=url, timeout=ANSWER, verify=_TRUST, trust_env=False, follow_redirects=True, **more
    )


def path_of(user: str) -> str:
    """Return the path of a user in the hub's API."""
    return f"/hub/api/users/{quote(user, safe='')}"


def reason(answer: httpx.Response) -> str:
    """Say why a request was refused, in the hub's words where it has some."""
    try:
        said = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return str(said) or f"HTTP {answer.status_code} {answer.reason_phrase}"


class NameTaken(RehearsalError):
    """A user of that name exists, and is somebody else."""


class Hub:
    """
    A hub that runs. Every verb raises :class:`RehearsalError` where it does not answer or refuses.

    Args:
        url: what people type, without a slash at the end.
        token: with the scopes of :mod:`opendata_hub.rehearsal.rights`.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = browser(url, headers={"Authorization": f"token {token}"})
        self.owner = ""

    async def __aenter__(self) -> "Hub":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Ask whether the hub runs, and knows the token, and lets it do what a rehearsal does."""
        answer = await self._send("GET", "/hub/api/user")
        if answer.status_code in (401, 403):
            raise RehearsalError(
                f"The hub at {self.url} does not know this token. Where it is not the hub of "
                "hub.yaml, it takes a token of its own: --hub URL, and JUPYTERHUB_API_TOKEN."
            )
        self._require(answer)
        about = answer.json()
        self.owner = about["name"] if about.get("kind") == "user" else ""
        if lacking := rights.missing(about.get("scopes", ())):
            raise RehearsalError(
                f"The token may not do all that a rehearsal does; it lacks {', '.join(lacking)}."
            )

    async def version(self) -> str:
        """Return the hub's version."""
        answer = self._require(await self._send("GET", "/hub/api/"))
        return str(answer.json()["version"])

    async def users(self) -> list[dict[str, Any]]:
        """Return all users, as the API has them: name, last_activity, servers."""
        found: list[dict[str, Any]] = []
        offset: int | None = 0
        while offset is not None:
            path = f"/hub/api/users?limit={_PAGE}&offset={offset}"
            answer = await self._send("GET", path, headers={"Accept": _PAGED})
            page = self._require(answer).json()
            found += page["items"]
            following = page["_pagination"]["next"]
            offset = following and following["offset"]
        return found

    async def add(self, user: str) -> None:
        """
        Make a user.

        Raises:
            NameTaken: there is one of that name.
        """
        answer = await self._send("POST", path_of(user))
        if answer.status_code == 409:
            raise NameTaken(f"There is a user {user} already; start again for new names.")
        self._require(answer)

    async def join(self, group: str, users: Sequence[str]) -> None:
        """Put users into a group."""
        path = f"/hub/api/groups/{quote(group, safe='')}/users"
        self._require(await self._send("POST", path, json={"users": list(users)}))

    async def token(self, user: str) -> str:
        """Return a new token of a user, with the user's own rights."""
        body = {"note": "opendata-hub rehearse", "expires_in": _LASTS}
        answer = await self._send("POST", f"{path_of(user)}/tokens", json=body)
        return str(self._require(answer).json()["token"])

    async def stop(self, user: str) -> None:
        """Stop a user's server, or its start, and wait until it is gone; none is fine too."""
        for _ in range(_LOOKS):
            answer = await self._send("DELETE", f"{path_of(user)}/server")
            if answer.status_code in (204, 404):
                return
            # 500: a start has not ended within the second that the hub gives it.
            if answer.status_code not in (202, 500):
                self._require(answer)
            await asyncio.sleep(_LOOK_AGAIN)
        raise RehearsalError(f"The server of {user} does not stop.")

    async def delete(self, user: str) -> None:
        """Delete a user, with all tokens; none is fine too."""
        answer = await self._send("DELETE", path_of(user))
        if answer.status_code != 404:
            self._require(answer)

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **more)
        except httpx.TransportError as error:
            said = str(error) or type(error).__name__
            raise RehearsalError(f"The hub at {self.url} does not answer ({said}).") from None

    def _require(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise RehearsalError(f"The hub at {self.url} refuses {asked}: {reason(answer)}")
