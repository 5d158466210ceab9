"""What all our spawners share: the catalogue, the options, the waiting and the last word."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from time import monotonic
from typing import Any

from jupyterhub.utils import hash_token, maybe_future
from traitlets import Bool, Dict, Float, Integer, List, Unicode, Union, default
from traitlets.config import Configurable

from opendata_hub import diagnosis, form, progress
from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.datasets import Dataset
from opendata_hub.diagnosis import Diagnosis
from opendata_hub.errors import ChoiceError, ConfigError
from opendata_hub.spawner import supplies
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.news import News
from opendata_hub.spawner.request import brings_options, is_ahead
from opendata_hub.spawner.turns import Line, NoRoom, Turn


class OpenDataSpawner(Configurable):
    """
    Options, progress and notices of a server; mixed into a spawner that knows how to run one.

    The spawner gives ``apply_choice`` and ``prepare``, and may give ``images_here``.
    """

    catalogue = Union(
        [Unicode(), List()],
        config=True,
        help="""
        The images that people may start: path of a YAML file, or the list itself.

        A file is read again when it changes; servers that run are not touched.
        """,
    )

    lock = Unicode(
        "",
        config=True,
        help="""
        File that ``opendata-hub images lock`` makes: the digests by which images are started.

        Empty for the one beside the catalogue's file, if there is one. It is read again when it
        changes.
        """,
    )

    custom_image = Unicode(
        None,
        allow_none=True,
        config=True,
        help="""
        Regular expression that the reference of an image of people's own must match as a whole.

        Leave it out, and only images of the catalogue can be started.
        """,
    )

    datasets = Dict(
        config=True,
        help="""
        Shared folders, mounted read-only at ``/data/<name>``.

        Name to path on the engine's host, or name to a dict of ``path`` and ``groups``; a dataset
        with groups is seen by their members only.
        """,
    )

    registries = Dict(
        config=True,
        help="""
        Logins of registries: the host to a dict of ``username`` and ``password_file``.

        Without one, the login of the hub's own ``docker login`` serves, if there is one.
        """,
    )

    welcome = Unicode(
        "",
        config=True,
        help="""
        Folder whose files are copied into each new home; empty for none.

        Homes that exist are not touched when it changes.
        """,
    )

    process_limit = Integer(
        1024,
        min=32,
        config=True,
        help="""
        How many processes and threads one server may have, kernels and terminals included.

        A notebook server with one kernel has about 60, numerical libraries add one per core.
        """,
    )

    fast_launch = Bool(
        True,
        config=True,
        help="""
        Have notebook servers in containers put off what they need not do to come up.

        It works in any image, and kernels see nothing of it. ``fast_launch: false`` in an entry of
        the catalogue has that image's servers start plainly.
        """,
    )

    stop_warning = Bool(
        False,
        config=True,
        help="""
        Have JupyterLab in containers tell the service ``culling`` whether somebody is there, and
        warn before that stops the server.

        ``culling.add`` sets it, where it is given a port.
        """,
    )

    home_usage = Bool(
        False,
        config=True,
        help="""
        Have JupyterLab in containers show how full the home is, as the service ``homes`` tells it.

        ``homes.add`` sets it.
        """,
    )

    start_slots = Integer(
        min=1,
        config=True,
        help="""
        How many servers may start at a time; the others wait in line, first come first served.

        A start is work for the processor: more at a time take longer each. Cores + 1 unless set.
        """,
    )

    @default("start_slots")
    def _one_more_than_cores(self) -> int:
        return (os.cpu_count() or 1) + 1

    start_reserve = Integer(
        2**30,
        min=0,
        config=True,
        help="""
        Bytes of memory that no server is promised: for the hub, its proxy, the engine, the system.

        A server is promised ``Spawner.mem_guarantee``, and starts when that is there.
        """,
    )

    start_patience = Float(
        300.0,
        min=0,
        config=True,
        help="""
        Seconds that the first in line waits for memory, before being told that there is none.
        """,
    )

    turn: Turn | None = None
    """Place in line or slot of the last start; given back by now, unless it is under way."""

    choice: form.Choice | None = None
    """What this start is for; None before the options were checked."""

    notice = ""
    """What people should read on their next visit, such as why their server died."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last_choice: dict[str, str] = {}
        self._news = News()
        self._is_watched = False  # somebody has looked at this start
        self._asked = 0.0  # when its user asked for it

    # -- what the spawner below provides

    def apply_choice(self, choice: form.Choice) -> None:
        """Take over what was chosen: image, limits, start page."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Do what may take long, before the hub's start timer runs."""
        raise NotImplementedError

    @property
    def line(self) -> Line:
        """The line of this hub's starts, one for all users."""
        return _line(self.start_slots)

    def promise(self) -> tuple[str, int]:
        """Name of the server where it runs, and the bytes of memory that it is promised."""
        return self._log_name, 0

    async def images_here(self) -> Mapping[str, int | None] | None:
        """Bytes of each image on this server, by reference; None: nobody knows, or needs to."""
        return None

    # -- options

    @property
    def image_list(self) -> Catalogue:
        """
        The checked catalogue.

        Raises:
            StartFailed: the file or the list is wrong; the text says where.
        """
        try:
            return supplies.catalogue(self.catalogue, self.lock)
        except ConfigError as error:
            raise StartFailed(f"This hub's catalogue has a fault. {error}") from None

    @property
    def dataset_list(self) -> dict[str, Dataset]:
        """The checked datasets."""
        return supplies.datasets(self.datasets)

    def welcome_files(self) -> dict[str, bytes]:
        """Files for a new home: relative path -> content."""
        return supplies.welcome_files(self.welcome)

    @property
    def group_names(self) -> set[str]:
        """Groups of the user whose server this is, whoever starts it."""
        return {group.name for group in self.user.groups}

    async def get_options_form(self) -> str:
        """HTML of the options page: cards of the images that this user may start."""
        return form.render(
            images=[self._with_limits(i) for i in self.image_list.visible(self.group_names)],
            present=await self.images_here(),
            last=self._last_choice,
            allow_custom=self.custom_image is not None,
            notice=self.notice,
        )

    def _with_limits(self, image: Image) -> Image:
        """Fill in the hub's own limits, unless they are callables, where the entry has none."""
        own: dict[str, Any] = {"memory": self.mem_limit, "cpu": self.cpu_limit}
        known = {k: v for k, v in own.items() if getattr(image, k) is None and not callable(v)}
        return image.model_copy(update=known)

    @default("options_from_form")
    def _read_form(self) -> Any:
        return form.read_form

    async def _run_apply_user_options(self, user_options: Any) -> None:
        """
        Check and take over the options; then the operator's own hook, if there is one.

        The hub has stored them by now, for starts that bring none; the last good ones take their
        place until a server has come up with these.

        Raises:
            StartFailed: they are refused.
        """
        self._store(self._last_choice)
        try:
            self.choice = self._check(user_options)
        except ChoiceError as error:
            raise StartFailed(str(error), error.status) from None
        self.apply_choice(self.choice)
        self._news.forget()
        self._is_watched, self._asked = False, monotonic()
        self.tell(progress.preparing(self.choice.name))
        if self.apply_user_options:
            await super()._run_apply_user_options(user_options)

    def _store(self, options: Mapping[str, str]) -> None:
        self.orm_spawner.user_options = dict(options)
        self.user.db.commit()

    @property
    def choice_name(self) -> str:
        """What people call the image that starts."""
        return self.choice.name if self.choice else "Your server"

    def came_up(self) -> None:
        """Keep the choice for next time: a server answers."""
        self._quicken_logins()
        if self.choice is not None:
            self._last_choice = self.choice.options
            self._store(self._last_choice)

    def _quicken_logins(self) -> None:
        """
        Have the hub compare this server's secret as it compares the server's token.

        The hub hashes secrets of OAuth clients in as many rounds as a password needs. This one is
        the server's API token: random, and kept in the database hashed in one round anyway.
        Comparing it was a fifth of the hub's work when somebody opens a server.
        """
        if self.orm_spawner.oauth_client is not None:
            self.orm_spawner.oauth_client.secret = hash_token(self.api_token, rounds=1)
            self.user.db.commit()

    def _check(self, options: Any) -> form.Choice:
        try:
            return self._checked(options)
        except ChoiceError as error:
            if options != self._last_choice or brings_options(self.handler):
                raise
            self.log.info("%s starts the default image again: %s", self._log_name, error)
            return self._checked({})

    def _checked(self, options: Any) -> form.Choice:
        return form.check(options, self.image_list, self.group_names, self.custom_image)

    # -- waiting

    @default("poll_interval")
    def _look_often(self) -> int:
        """Seconds; until a look, the proxy sends visitors to a dead server, and they wait."""
        return 5

    async def run_pre_spawn_hook(self) -> None:
        """Run the operator's hook, then all that may take long: ``start_timeout`` begins later."""
        await maybe_future(super().run_pre_spawn_hook())
        await asyncio.gather(self.prepare(), self._look())  # what was seen now serves in line
        await self._stand_in_line()

    async def _look(self) -> None:
        await self.line.look()  # the line itself may want an engine that does not answer

    async def _stand_in_line(self) -> None:
        await self._look()
        name, promised = self.promise()
        if self.line.capacity and self.line.capacity.never_fits(promised):
            raise self.fail(diagnosis.never_fits(self.choice_name, promised), 503)
        late = is_ahead(self.handler) and not self._is_watched
        self.turn = Turn(self.line, self.user.name, name, promised, late, self._asked)
        try:
            await self.turn.come(self.tell, self.start_patience)
        except NoRoom:
            raise self.fail(diagnosis.no_room(self.start_patience), 503) from None

    def tell(self, event: progress.Event) -> None:
        """Show this to everybody who looks at the spawn page, now or when they come back."""
        self._news.tell(event)

    def progress(self) -> AsyncIterator[progress.Event]:
        """Where the start is, then each news; the hub ends it with the start."""
        self._is_watched = True
        if self.turn:
            self.turn.hurry()
        return self._news.follow()

    def fail(self, diagnosis: Diagnosis, status: int = 500) -> StartFailed:
        """Log the operator's half of a diagnosis; return the exception with the student's."""
        self.log.error("Server of %s: %s", self._log_name, diagnosis.operator)
        return StartFailed(diagnosis.student, status)

    def clear_state(self) -> None:
        """Forget the server; a start that never began gives its slot back."""
        super().clear_state()
        if self.turn:
            self.turn.end()

    # -- memory

    def get_state(self) -> dict[str, Any]:
        """State that the hub keeps; choice and notice outlive the server."""
        state: dict[str, Any] = super().get_state()
        return {**state, "choice": self._last_choice, "notice": self.notice}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._last_choice = dict(state.get("choice") or {})
        self.notice = state.get("notice") or ""

    def remember(self) -> None:
        """Keep the state now, for news that comes between start and stop."""
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()


@lru_cache
def _line(slots: int) -> Line:
    return Line(slots)
