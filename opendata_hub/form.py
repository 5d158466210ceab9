"""The options of a start: catalogue -> HTML; form, REST body or URL -> checked choice."""

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from opendata_hub.catalogue import BY_DIGEST, Catalogue, Image, default_of
from opendata_hub.engine import BROUGHT
from opendata_hub.errors import ChoiceError
from opendata_hub.fields import format_memory, format_size, nearest

_KEYS = ("image", "custom_image")
_PAGE = "from_page"  # hidden field of our page, where a radio says which of the two fields counts
_SEARCH_FROM = 7  # images; fewer are seen at a glance
_RULE_TAKES = 0.1  # seconds; it decides on the hub's loop, over what anybody has typed
_LONGEST = 255  # characters of an own image's reference
_ALLOWED = "send image (a name from the list) or custom_image (an image's reference)."
_KINDS = {list: "a list", dict: "an object", bool: "true or false", type(None): "null"}
_SHOWN = 60  # characters of a refused value that a message repeats

# The grammar of github.com/distribution/reference, in its readable form.
_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::\w[\w.-]{0,127})?(?:@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))?",
    re.ASCII,
)
# The engine would read these as the start of an image's ID and find any image on the machine.
_IMAGE_ID = re.compile(r"(?:sha\d+:)?[0-9a-f]+")


@dataclass(frozen=True)
class Choice:
    """
    What to start.

    Attributes:
        image: entry of the catalogue, or None for an own image.
        reference: the image to run; always set.
    """

    image: Image | None
    reference: str

    @property
    def name(self) -> str:
        """What people call it."""
        return self.image.display_name if self.image else self.reference

    @property
    def options(self) -> dict[str, str]:
        """The choice as ``user_options``; :func:`check` turns them into the same choice."""
        return {"image": self.image.slug} if self.image else {"custom_image": self.reference}


def read_form(data: Mapping[str, list[Any]]) -> dict[str, Any]:
    """
    Turn data of the page's form, or ``opt-`` parameters of a URL, into ``user_options``.

    On the page the radio decides: the text field counts only where "own image" is chosen. A URL
    that names both keeps both, for :func:`check` to refuse, like everything else that is odd.

    Args:
        data: values by name; a name that comes twice becomes a list.
    """
    lists: dict[str, list[Any]] = {}
    for key, values in data.items():  # JupyterHub 5 leaves the prefix on
        lists.setdefault(key.removeprefix("opt-"), []).extend(values)
    lists.pop("_xsrf", None)  # the hub's own, in whatever part of the request
    given = {key: values[0] if len(values) == 1 else values for key, values in lists.items()}
    if _PAGE in given:
        return _of_page(given)
    return {key: value for key, value in given.items() if (key, value) != ("custom_image", "")}


def _of_page(given: Mapping[str, Any]) -> dict[str, Any]:
    radio, text = given.get("image", ""), given.get("custom_image", "")
    rest = {key: given[key] for key in given if key not in (*_KEYS, _PAGE)}
    if radio != "":
        return {**rest, "image": radio}
    return {**rest, "custom_image": text.strip() if isinstance(text, str) else text}


def check(
    options: object, catalogue: Catalogue, groups: Collection[str], custom_image: str | None
) -> Choice:
    """
    Check the options of a start, from wherever they come.

    An image outside the user's groups is refused in the words of one that does not exist, under
    its slug and, as an own image, under any tag or digest of its repository.

    Args:
        options: ``{"image": slug}``, ``{"custom_image": reference}``, or ``{}`` or None for the
            user's default; anything else is refused.
        groups: the user's.
        custom_image: regular expression that an own image must match as a whole, or None where
            own images are not allowed.

    Raises:
        ChoiceError: says what is allowed. Its text may hold pieces of the options, unescaped.
    """
    given = _given(options)
    visible = catalogue.visible(groups)
    if "custom_image" in given:
        hidden = [image for image in catalogue.images if image not in visible]
        return _own(given["custom_image"], visible, hidden, custom_image)
    image = _entry(given["image"], visible) if "image" in given else default_of(visible)
    if image is None:
        raise ChoiceError(
            "No notebook of this hub is open to you yet; ask the person who runs it to let you in."
        )
    return Choice(image, image.reference)


def _given(options: object) -> Mapping[Any, str]:
    given = {} if options is None else options
    if not isinstance(given, Mapping):
        raise ChoiceError(f"Options must be names with values, not {_shown(given)}; {_ALLOWED}")
    unknown = next((key for key in given if key not in _KEYS), None)
    if unknown is not None:
        near = nearest(str(unknown)[:_SHOWN], _KEYS)
        raise ChoiceError(f"There is no option {_shown(unknown)}; {_ALLOWED}{near}")
    if len(given) > 1:
        raise ChoiceError("The options name both image and custom_image; send one of them.")
    for key, value in given.items():
        if not isinstance(value, str):
            raise ChoiceError(f"{key} is {_shown(value)}; send one text.")
    return given


def _shown(value: object) -> str:
    """Write a value so that neither its length nor its control characters do harm."""
    if not isinstance(value, str):
        return _KINDS.get(type(value), "a number")
    return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}… ({len(value)} characters)"


def _entry(slug: str, visible: Sequence[Image]) -> Image:
    for image in visible:
        if image.slug == slug:
            return image
    near = nearest(slug[:_SHOWN], [image.slug for image in visible])
    raise ChoiceError(f"There is no image {_shown(slug)} for you here; {_choose(visible)}{near}")


def _choose(visible: Sequence[Image]) -> str:
    if not visible:
        return "ask the person who runs this hub to let you in."
    return f"choose one of: {', '.join(image.slug for image in visible)}."


def _own(
    reference: str, visible: Sequence[Image], hidden: Sequence[Image], rule: str | None
) -> Choice:
    if rule is None:
        raise ChoiceError(f"This hub starts no images from outside its list; {_choose(visible)}")
    if not reference:
        raise ChoiceError("Write the reference of your own image, or choose a notebook above it.")
    if len(reference) > _LONGEST or not _REFERENCE.fullmatch(reference):
        raise ChoiceError(
            f"{_shown(reference)} is not the reference of an image; write it like "
            "quay.io/jupyter/scipy-notebook:latest: host, name and tag, lower-case and without "
            f"spaces, at most {_LONGEST} characters."
        )
    if _IMAGE_ID.fullmatch(reference):
        raise ChoiceError(f"{_shown(reference)} reads like an image's ID; write a name and a tag.")
    # Our marks are second names of any image that came, hidden ones too.
    closed = {_repository(name) for name in (*(i.image for i in hidden), BROUGHT, BY_DIGEST)}
    if not _fits(rule, reference) or _repository(reference) in closed:
        raise ChoiceError(
            f"You may not start {_shown(reference)} here. Own images must fit this hub's rule "
            f"{rule}; the images of its list are started by their cards."
        )
    return Choice(None, reference)


def _fits(rule: str, reference: str) -> bool:
    """Whether the operator's rule lets it in; one over which it would take for ever does not."""
    try:
        return bool(regex.fullmatch(rule, reference, timeout=_RULE_TAKES))
    except TimeoutError:
        return False


def _repository(reference: str) -> str:
    """Where an image lives, without tag: ``python:3`` -> ``docker.io/library/python``."""
    name = re.sub(r"(:[^:/]*)?$", "", reference.partition("@")[0])
    host, slash, rest = name.partition("/")
    if not slash or not (set(host) & {".", ":"} or host == "localhost" or host.lower() != host):
        host, rest = "docker.io", name
    host = host.lower().removesuffix(":443").removeprefix("index.")
    return f"{host}/library/{rest}" if host == "docker.io" and "/" not in rest else f"{host}/{rest}"


def render(
    images: Sequence[Image],
    present: Mapping[str, int | None] | None,
    last: Mapping[str, str],
    allow_custom: bool,
    notice: str = "",
) -> str:
    """
    Write the options form: goes inside the hub's own ``<form>``, whole in itself.

    Args:
        images: those that the user may see, in order.
        present: reference -> bytes of an image on this server; None or absent: not here. None for
            all where nobody knows, or it makes no difference.
        last: options of the last start as :attr:`Choice.options` writes them, or empty.
        allow_custom: whether to offer an own image.
        notice: a sentence about what happened last, shown on top; every text is escaped here.
    """
    return _template().render(
        cards=[(image, _limits(image), _place(image, present)) for image in images],
        chosen=_preselected(images, last, allow_custom),
        own=last.get("custom_image", ""),
        allow_custom=allow_custom,
        notice=notice,
        page_field=_PAGE,
        search=len(images) >= _SEARCH_FROM,
        longest=_LONGEST,
    )


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("opendata_hub"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("options_form.html")


def _preselected(images: Sequence[Image], last: Mapping[str, str], allow_custom: bool) -> str:
    """Slug of the card to select; empty for the own image."""
    if allow_custom and last.get("custom_image"):
        return ""
    if any(image.slug == last.get("image") for image in images):
        return last["image"]
    default = default_of(tuple(images))
    return default.slug if default else ""


def _limits(image: Image) -> str:
    """What its servers get: ``2G memory, 1 CPU core``."""
    limits = [f"{format_memory(image.memory)} memory"] if image.memory else []
    if image.cpu:
        limits.append(f"{image.cpu:g} CPU {'core' if image.cpu == 1 else 'cores'}")
    return ", ".join(limits)


def _place(image: Image, present: Mapping[str, int | None] | None) -> str:
    """Where the image is; empty where nobody knows."""
    if present is None:
        return ""
    size = next((present[name] for name in image.names if name in present), None)
    if size is not None:
        return f"On this server, {format_size(size)}"
    if image.is_local:
        return "Not built on this server yet"
    return "Not here yet: the first start downloads it"
