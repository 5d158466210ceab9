"""What a link may hold, and where it leads."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.lessons import Lesson, read

REPO = "https://github.com/owner/course"

BAD = {
    "a program": ({"repo": ["ext::sh -c id"]}, "repo is 'ext::sh -c id'; write the address of"),
    "an option of git": ({"repo": ["--upload-pack=id"]}, "write the address of a git"),
    "a file of the server": ({"repo": ["file:///etc"]}, "write the address of a git"),
    "a path": ({"repo": ["/etc/course"]}, "write the address of a git"),
    "keys for SSH": ({"repo": ["git@github.com:owner/course"]}, "write the address of a git"),
    "a login": ({"repo": ["https://me:secret@host/course"]}, "without a login in it"),
    "markup": ({"repo": ['https://host/course"><script>']}, "write the address of a git"),
    "a query": ({"repo": ["https://host/course?x=1"]}, "write the address of a git"),
    "no repository": ({"repo": ["https://host/"]}, "write the address of a git"),
    "a hidden folder": ({"repo": ["https://host/.ipython"]}, "write the address of a git"),
    "the folder above": ({"repo": ["https://host/x/.."]}, "write the address of a git"),
    "a long address": ({"repo": [f"{REPO}{'x' * 300}"]}, "at most 300 characters"),
    "an option as branch": ({"repo": [REPO], "branch": ["--force"]}, "branch is '--force'; write"),
    "a range as branch": ({"repo": [REPO], "branch": ["a..b"]}, "write the name of a branch"),
    "a branch of nothing": ({"branch": ["main"]}, "name the repository of that branch, too"),
    "a file above": ({"repo": [REPO], "open": ["../x"]}, "open is '../x'; write the path"),
    "a file elsewhere": ({"open": ["/etc/passwd"]}, "write the path of a file in the repository"),
    "backslashes": ({"open": ["..\\x"]}, "write the path of a file"),
    "a line's end": ({"open": ["x\n"]}, "write the path of a file"),
    "nothing but dots": ({"open": ["."]}, "write the path of a file"),
    "a long path": ({"open": ["x" * 201]}, "at most 200 characters"),
    "a slip": ({"imgae": ["root"]}, "Did you mean 'image'?"),
    "twice": ({"repo": [REPO, REPO]}, "The link has repo more than once; leave one of them."),
}


@pytest.mark.parametrize(("query", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_link_is_refused_in_a_sentence(query: dict[str, list[str]], words: str) -> None:
    """The sentence names what is wrong and what is allowed, and is short whatever the value."""
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        read(query)

    assert str(refused.value).startswith("The link")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "repo",
    [
        "https://github.com/owner/course.git",
        "https://gitlab.example.org:8443/group/sub-group/course/",
        "http://lab-server/~anna/c++-course",
        "https://dev.azure.com/me/My%20Project/_git/course",
        "git://10.0.0.5/course",
    ],
)
def test_addresses_of_repositories(repo: str) -> None:
    """Web addresses of any host and depth are taken as they are."""
    assert read({"repo": [repo]}).repo == repo


def test_what_mail_programs_add_is_left_aside() -> None:
    """A link still works with the marks of those who pass it on, and with empty values."""
    lesson = read({"image": ["root"], "utm_source": ["mail"], "fbclid": ["1"], "branch": [""]})

    assert lesson == Lesson(image="root")


def test_a_link_is_read_as_it_was_made() -> None:
    """Spaces, letters of all alphabets and signs of URLs come through."""
    lesson = read(
        {"image": ["root"], "repo": [REPO], "branch": ["day/2"], "open": ["./Übung 1/a&b#c%.ipynb"]}
    )

    assert lesson.open == "Übung 1/a&b#c%.ipynb"
    assert read(parse_qs(urlsplit(lesson.link).query)) == lesson


def test_a_link_stays_short() -> None:
    """A QR code on a slide has room for little: nothing is escaped that need not be."""
    assert Lesson(image="root", repo=REPO, open="first.ipynb").link == (
        f"lesson?image=root&repo={REPO}&open=first.ipynb"
    )
    assert Lesson().link == "lesson"


def test_the_place_of_a_repository() -> None:
    """nbgitpuller is told repository, branch, folder, and where to go, which it does not escape."""
    address, _, query = Lesson(
        repo=f"{REPO}.git", branch="day/2", open="a b.ipynb"
    ).place.partition("?")

    assert address == "git-pull"
    assert parse_qs(query) == {
        "repo": [f"{REPO}.git"],
        "branch": ["day/2"],
        "targetpath": ["course-day-2"],
        "urlpath": ["lab/tree/course-day-2/a%20b.ipynb"],
    }


def test_the_place_without_a_file_or_a_repository() -> None:
    """It is the repository's folder, a file of the home, or wherever people land."""
    assert Lesson(repo=f"{REPO}/").place.endswith("urlpath=lab%2Ftree%2Fcourse")
    assert Lesson(open="welcome.ipynb").place == "lab/tree/welcome.ipynb"
    assert Lesson(image="root").place == ""
