"""The service's address: what the pages of a server tell and ask."""

from typing import Any

from jupyterhub.services.auth import HubAuth
from jupyterhub.utils import url_path_join
from pydantic import ValidationError
from tornado import web

from opendata_hub.fields import Model
from opendata_hub.services import answers
from opendata_hub.services.answers import Answer
from opendata_hub.services.culling.arbiter import Arbiter


class Told(Model):
    """What a page sends."""

    focused: bool | None = None
    keep: bool = False


def application(prefix: str, arbiter: Arbiter, auth: HubAuth) -> web.Application:
    """
    Return what answers below ``prefix``.

    ``POST user/<name>/`` or ``user/<name>/<server>/``, with a token of the hub that opens this
    server, tells :class:`Told` as JSON and gets the fields of :class:`.notice.Notice`. A token in
    a header is nothing that a page of somebody else's could send, so there is no cookie to forge.
    """
    path = url_path_join(prefix, r"user/([^/]+)/(?:([^/]+)/)?")
    return web.Application(
        [(path, _Server, {"arbiter": arbiter, "auth": auth})], **answers.settings()
    )


class _Server(Answer):
    def initialize(self, arbiter: Arbiter, auth: HubAuth) -> None:
        self.arbiter, self.auth = arbiter, auth

    async def post(self, user: str, name: str | None) -> None:
        if not await self._may_open(f"{user}/{name or ''}"):
            raise web.HTTPError(403)
        try:
            told = Told.model_validate_json(self.request.body)
        except ValidationError as error:
            raise web.HTTPError(400) from error
        self.finish(self.arbiter.hear(user, name or "", told.focused, told.keep)._asdict())

    async def _may_open(self, server: str) -> bool:
        token = self.auth.get_token(self, in_cookie=False)
        model: dict[str, Any] | None = token and await self.auth.user_for_token(token, sync=False)
        return bool(model and self.auth.check_scopes(f"access:servers!server={server}", model))
