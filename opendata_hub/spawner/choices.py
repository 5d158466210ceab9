"""What a start is for: the images that somebody may have, and the one that they choose."""

from collections.abc import Mapping
from typing import Any

from traitlets import Dict, List, Unicode, Union, default
from traitlets.config import Configurable

from opendata_hub import form
from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.errors import ChoiceError, ConfigError
from opendata_hub.spawner import supplies
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.request import brings_options


class Choices(Configurable):
    """
    The catalogue, the options page and the choice; a part of every spawner of ours.

    The spawner may give ``images_here``, and has the ``notice`` that the page shows.
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

    classes = Dict(
        config=True,
        help="""
        Classes: the group of the students to a list of their instructors.

        An instructor may start what the students may, and writes into the class's folder, which
        the students read at ``~/class/<group>``. ``teaching.add`` sets it.
        """,
    )

    choice: form.Choice | None = None
    """What this start is for; None before the options were checked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last_choice: dict[str, str] = {}

    async def images_here(self) -> Mapping[str, int | None] | None:
        """Bytes of each image on this server, by reference; None: nobody knows, or needs to."""
        return None

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
    def group_names(self) -> set[str]:
        """Groups of the user whose server this is, and those that the user teaches."""
        return {group.name for group in self.user.groups} | self.taught

    @property
    def taught(self) -> set[str]:
        """Groups that the user whose server this is teaches."""
        return {group for group, users in self.classes.items() if self.user.name in users}

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

    @property
    def choice_name(self) -> str:
        """What people call the image that starts."""
        return self.choice.name if self.choice else "Your server"

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
