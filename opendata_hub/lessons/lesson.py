"""What a link holds: which image, which repository, which notebook of it; checked."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, Field, model_validator

from opendata_hub.errors import ConfigError
from opendata_hub.fields import Matching, Model, check, nearest

PAGE = "lesson"
"""Where the hub answers such links, below its own address."""

_LONGEST = 200  # characters of a path: a link has to fit into a QR code

# Neither an option of git nor a program for it to run; no login, which a slide would give away;
# and a last part that is a folder to be seen, since .ipython in a home is settings.
_REPOSITORY = r"(https?|git)://[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]{1,5})?(/[a-zA-Z0-9._~%+-]+)*"
_REPOSITORY += r"/[a-zA-Z0-9_][a-zA-Z0-9._~+-]*/?"

Repository = Annotated[
    str,
    Field(max_length=300),
    Matching(
        _REPOSITORY,
        "write the address of a git repository, such as https://github.com/owner/course, "
        "without a login in it",
    ),
]
Branch = Annotated[
    str,
    Matching(
        r"(?!.*(\.\.|//|\.lock$))[a-zA-Z0-9_][a-zA-Z0-9_./+-]{0,99}",
        "write the name of a branch or a tag, such as main or 2026/spring",
    ),
]


def _inside(value: str) -> str:
    parts = PurePosixPath(value).parts
    if not parts or {"/", "//", ".."} & set(parts) or "\\" in value or not value.isprintable():
        raise ValueError(
            "write the path of a file in the repository (without one: in the home), "
            "such as lessons/first.ipynb"
        )
    return "/".join(parts)


class Lesson(Model):
    """What a link opens. All may be left out: then people choose, or land where they always do."""

    image: str | None = Field(None, description="Slug of the image to start.")
    repo: Repository | None = Field(None, description="Git repository to bring into the home.")
    branch: Branch | None = Field(None, description="Its branch or tag; else its own default.")
    open: Annotated[str, Field(max_length=_LONGEST), AfterValidator(_inside)] | None = Field(
        None, description="File to open, in the repository or, without one, in the home."
    )

    @model_validator(mode="after")
    def _branch_of_something(self) -> "Lesson":
        if self.branch and not self.repo:
            raise ValueError("name the repository of that branch, too")
        return self

    @property
    def link(self) -> str:
        """The link, relative to the hub's own address: ``lesson?image=root&open=fit.ipynb``."""
        query = urlencode(self.model_dump(exclude_none=True), quote_via=quote, safe="/:")
        return f"{PAGE}?{query}" if query else PAGE

    @property
    def folder(self) -> str:
        """Folder in the home for the repository, one for each branch that links name; or empty."""
        name = (self.repo or "").rstrip("/").rpartition("/")[2].removesuffix(".git")
        return f"{name}-{self.branch.replace('/', '-')}" if self.branch else name

    @property
    def place(self) -> str:
        """Where it is in a server, relative to the server's address; empty: where people land."""
        file = "/".join(filter(None, (self.folder, self.open)))
        page = f"lab/tree/{quote(file)}" if file else ""
        if not self.repo:
            return page
        pull = {"repo": self.repo, "branch": self.branch, "targetpath": self.folder}
        given = {name: value for name, value in pull.items() if value}
        return f"git-pull?{urlencode({**given, 'urlpath': page})}"


def read(query: Mapping[str, Sequence[str]]) -> Lesson:
    """
    Check what comes with a link.

    Args:
        query: values by name. Names that are not ours are left aside, as mail programs add their
            own to links; but not those that look like one of ours.

    Raises:
        ConfigError: one line per fault.
    """
    given = {name: values for name, values in query.items() if nearest(name, Lesson.model_fields)}
    for name, values in given.items():
        if len(values) > 1:
            raise ConfigError(f"The link has {name} more than once; leave one of them.")
    return check(Lesson, {name: values[0] or None for name, values in given.items()}, "The link")
