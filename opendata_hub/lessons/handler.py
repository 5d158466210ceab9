"""
The page that a link leads to: on to the notebook, or one question, or the reason why not.

A link alone starts a server, as the hub's own ``opt-`` links do, and has nbgitpuller bring a
repository, as its own links do: a class that opens a slide's link has nothing to click. What
would cost people something, stopping a server, takes a button and the hub's token against forgery.
"""

from typing import Any

from jupyterhub.scopes import needs_scope
from jupyterhub.utils import url_path_join
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httputil import url_concat

from opendata_hub import form
from opendata_hub.errors import ChoiceError, ConfigError
from opendata_hub.lessons.lesson import PAGE, Lesson, read
from opendata_hub.own_page import OwnPage
from opendata_hub.spawner import OpenDataSpawner

_PATIENCE = 5  # seconds for a server to say whether it has nbgitpuller


class LessonHandler(OwnPage):
    """``/hub/lesson?image=…&repo=…&branch=…&open=…``, for the default server of who opens it."""

    template = "lesson.html"

    @web.authenticated
    async def get(self) -> None:
        """Go on to the notebook; wait, ask, or say why not, where that cannot be."""
        try:
            lesson, wanted = self._read()
        except (ChoiceError, ConfigError) as error:
            await self._show("refused", 400, reasons=str(error).splitlines())
            return
        if self._spawner.ready:
            await self._spawner.poll_and_notify()  # it may have died a moment ago
        if self._spawner.pending == "stop":
            await self._show("stopping", lesson=lesson)
        elif not self._spawner.ready:
            self.redirect(self._start(lesson))
        else:
            await self._go_on(lesson, wanted)

    @web.authenticated
    async def post(self) -> None:
        """Stop the server if it still runs another image, and follow the link."""
        try:
            lesson, wanted = self._read()
        except (ChoiceError, ConfigError):
            self.redirect(self.request.uri, status=303)  # which says what is wrong
        else:
            if self._spawner.ready and self._is_another(wanted):
                await self._stop(user_name=self.current_user.name)
            self.redirect(self._link(lesson), status=303)

    async def _go_on(self, lesson: Lesson, wanted: form.Choice | None) -> None:
        """Open it in the server that runs, if that is the right one and can."""
        able = not lesson.repo or await _can_pull(self._spawner)
        if wanted and self._is_another(wanted):
            await self._show("another", lesson=lesson, wanted=wanted.name, able=able)
        elif not able:
            await self._show("unable", lesson=lesson)
        else:
            self.redirect(url_path_join(self.current_user.url, lesson.place))

    @needs_scope("delete:servers")
    async def _stop(self, user_name: str) -> None:
        await self.stop_single_user(self.current_user)

    @property
    def _spawner(self) -> OpenDataSpawner:
        spawner: OpenDataSpawner = self.current_user.spawner
        return spawner

    def _read(self) -> tuple[Lesson, form.Choice | None]:
        """Check the link, and the image that it names as any choice of this user's."""
        names = self.request.query_arguments
        lesson = read({name: self.get_query_arguments(name) for name in names})
        if not lesson.image:
            return lesson, None
        spawner, options = self._spawner, {"image": lesson.image}
        return lesson, form.check(options, spawner.image_list, spawner.group_names, None)

    def _is_another(self, wanted: form.Choice | None) -> bool:
        return wanted is not None and wanted.options != _options(self._spawner)

    def _link(self, lesson: Lesson) -> str:
        return str(url_path_join(self.hub.base_url, lesson.link))

    def _start(self, lesson: Lesson) -> str:
        """Where the hub starts the image, or asks which; it waits for a start, and comes back."""
        page = url_path_join(self.hub.base_url, "spawn", self.current_user.escaped_name)
        image = {"opt-image": lesson.image} if lesson.image else {}
        return url_concat(page, {**image, "next": self._link(lesson)})

    async def _show(
        self, state: str, status: int = 200, lesson: Lesson | None = None, **facts: Any
    ) -> None:
        if lesson:
            as_it_is = lesson.model_copy(update={"image": None})
            facts |= {"lesson": lesson, "link": self._link(lesson), "stay": self._link(as_it_is)}
            facts["running"] = _name(self._spawner)
        self.set_status(status)
        page = await self.render_template(self.template, state=state, **facts)
        self.finish(page)


HANDLERS = [(f"/{PAGE}", LessonHandler)]
"""For ``c.JupyterHub.extra_handlers``."""


def _options(spawner: OpenDataSpawner) -> dict[str, str]:
    """What a server was started with, also if that was before the hub's own last start."""
    return spawner.choice.options if spawner.choice else dict(spawner.orm_spawner.user_options)


def _name(spawner: OpenDataSpawner) -> str:
    """What people call the image that runs, also if it has left the catalogue since."""
    options = _options(spawner)
    names = {image.slug: image.display_name for image in spawner.image_list.images}
    own = options.get("custom_image", "another image")
    return names.get(options.get("image", ""), options.get("image", own))


async def _can_pull(spawner: OpenDataSpawner) -> bool:
    """Whether a running server has nbgitpuller: what is not there is not found, login or not."""
    url = url_path_join(spawner.server.url, "git-pull")
    request = HTTPRequest(
        url,
        follow_redirects=False,
        request_timeout=_PATIENCE,
        decompress_response=False,
        ssl_options=getattr(spawner, "seal", None),  # none where servers are plain processes
        streaming_callback=lambda chunk: None,  # a student's server may send without an end
    )
    try:
        return bool((await AsyncHTTPClient().fetch(request, raise_error=False)).code != 404)
    except (HTTPClientError, OSError):
        return True  # it will say itself what is wrong with it
