"""The options of a start: the page, the form's data, and what is refused."""

from html.parser import HTMLParser

import pytest

from opendata_hub.catalogue import BY_DIGEST, Catalogue, Image, load
from opendata_hub.engine import BROUGHT
from opendata_hub.errors import ChoiceError
from opendata_hub.form import Choice, check, read_form, render

PYTHON = {"slug": "python", "display_name": "Python", "image": "quay.io/lab/python:1"}
ROOT = {"slug": "root", "display_name": "ROOT", "image": "quay.io/lab/root:1", "default": True}
STAFF = {"slug": "rooms", "display_name": "Rooms", "image": "lab/rooms:1", "groups": ["staff"]}
CATALOGUE = load([PYTHON, ROOT, STAFF])
ANY = ".*"
DIGEST = "sha256:" + "0" * 64


def refused(
    options: object,
    groups: tuple[str, ...] = (),
    rule: str | None = None,
    of: Catalogue = CATALOGUE,
) -> str:
    """The sentence that refuses these options."""
    with pytest.raises(ChoiceError) as error:
        check(options, of, groups, rule)
    assert error.value.status == 400
    return str(error.value)


class Page(HTMLParser):
    """The tags of a page as (name, attributes), and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a piece of text."""
        self.text += data

    def named(self, **wanted: str) -> list[dict[str, str | None]]:
        """Attributes of the tags that have all these attributes."""
        return [a for _, a in self.tags if wanted.items() <= a.items()]

    @property
    def chosen(self) -> list[str | None]:
        """Values of the radios that are selected."""
        return [a["value"] for a in self.named(type="radio") if "checked" in a]


def page(
    images: tuple[Image, ...] = CATALOGUE.images[:2],
    present: dict[str, int | None] | None = None,
    last: dict[str, str] | None = None,
    allow_custom: bool = False,
    notice: str = "",
) -> Page:
    """The options page, taken apart."""
    return Page(render(images, present or {}, last or {}, allow_custom, notice))


def image(**fields: object) -> Image:
    """An image with these fields."""
    return Image.model_validate({**PYTHON, **fields})


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_options_mean_the_default(nothing):
    """A start without options takes the user's default image."""
    choice = check(nothing, CATALOGUE, (), None)

    assert choice.image is not None
    assert (choice.image.slug, choice.reference) == ("root", "quay.io/lab/root:1")


def test_a_slug_gives_its_entry():
    """A slug starts the image of its entry, and the choice writes itself the same way."""
    choice = check({"image": "python"}, CATALOGUE, (), None)

    assert choice == Choice(CATALOGUE.images[0], "quay.io/lab/python:1")
    assert choice.options == {"image": "python"}
    assert choice.name == "Python"


def test_members_of_a_group_get_its_images():
    """Who is in one of an entry's groups may start it."""
    assert check({"image": "rooms"}, CATALOGUE, ("staff",), None).reference == "lab/rooms:1"


def test_another_groups_image_looks_like_one_that_does_not_exist():
    """An image outside the user's groups is refused in the words for an unknown one."""
    hidden, unknown = refused({"image": "rooms"}), refused({"image": "roomz"})

    assert hidden.replace("'rooms'", "X") == unknown.replace("'roomz'", "X")
    assert "choose one of: python, root." in hidden


def test_an_unknown_slug_gets_the_nearest_visible_name():
    """A typing mistake is answered with the name that was meant."""
    assert refused({"image": "rooot"}) == (
        "There is no image 'rooot' for you here; choose one of: python, root. Did you mean 'root'?"
    )
    assert "rooms" not in refused({"image": "room"})


def test_who_may_see_no_image_is_told_so():
    """A user without any image gets no default, and learns whom to ask."""
    closed = load([STAFF])

    assert "ask the person who runs it" in refused({}, of=closed)
    assert "ask the person who runs this hub" in refused({"image": "x"}, of=closed)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "not a list"),
        ("image", "not 'image'"),
        ({"imge": "root"}, "There is no option 'imge'; send image (a name from the list) or "),
        ({"imge": "root"}, "Did you mean 'image'?"),
        ({7: "root"}, "There is no option a number"),
        ({"image": "root", "custom_image": "a/b"}, "both image and custom_image"),
        ({"image": ["root"]}, "image is a list; send one text."),
        ({"image": {"a": 1}}, "image is an object; send one text."),
        ({"image": 3}, "image is a number; send one text."),
        ({"image": None}, "image is null; send one text."),
        ({"image": ""}, "There is no image ''"),
        ({"image": "root\n"}, r"'root\n'"),
        ({"custom_image": ["a/b"]}, "custom_image is a list; send one text."),
        ({"custom_image": ""}, "Write the reference of your own image"),
    ],
)
def test_odd_options_are_refused_in_a_sentence(options, said):
    """Options of the wrong shape are refused with what is allowed."""
    assert said in refused(options, rule=ANY)


@pytest.mark.parametrize("key", ["image", "custom_image", "x" * 10**6])
def test_a_megabyte_of_text_is_not_repeated(key):
    """However long a value or a key is, the message stays short and says how long it was."""
    said = refused({key: "y" * 10**6}, rule=ANY)

    assert len(said) < 400
    assert "(1000000 characters)" in said


def test_markup_is_left_to_who_shows_the_message():
    """A message holds the value as it came: it is plain text, to be escaped where it is shown."""
    assert "'<script>'" in refused({"image": "<script>"})


@pytest.mark.parametrize(
    "reference",
    [
        "alice/analysis",
        "python:3.12-slim",
        "localhost/analysis",
        "localhost:5000/a/b_c/d__e/f-g.h:v1_2",
        "QUAY.IO/jupyter/scipy-notebook:2025",
        f"ghcr.io/a/b@{DIGEST}",
        f"ghcr.io/a/b:1@{DIGEST}",
        "a/" + "b" * 253,
    ],
)
def test_own_images_are_taken_as_written(reference):
    """A well-formed reference that fits the hub's rule is started as it is."""
    choice = check({"custom_image": reference}, CATALOGUE, (), ANY)

    assert choice == Choice(None, reference)
    assert choice.options == {"custom_image": reference}
    assert choice.name == reference


@pytest.mark.parametrize(
    "reference",
    [
        "a b",
        " a/b",
        "a/b\n",
        "a\x00b",
        "-v/b",
        "--privileged",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a/B",
        "a:tag:tag",
        "a@sha256:00",
        "a@md5:" + "0" * 64,
        "http://quay.io/a",
        "a/b;id",
        "a/$(id)",
        "ä/b",
        "a/b:ä",
        "../b",
        "a/" + "b" * 254,
        "a-" * 120 + "!",
    ],
)
def test_malformed_references_are_refused(reference):
    """What is not a reference is refused with an example of one, whatever the hub's rule."""
    said = refused({"custom_image": reference}, rule=r"[\s\S]*")

    assert "is not the reference of an image; write it like quay.io/" in said


@pytest.mark.parametrize("reference", ["a", "0f3c", "cafe", "c" * 64, DIGEST, "sha256:0f"])
def test_an_images_id_is_no_reference(reference):
    """The engine finds any image of the machine by the start of its ID; people may not."""
    assert "reads like an image's ID" in refused({"custom_image": reference}, rule=ANY)


@pytest.mark.parametrize("reference", ["evil.io/lab/a", "quay.io/lab/a.evil", "xquay.io/lab/a"])
def test_the_hubs_rule_holds_for_the_whole_reference(reference):
    """A part of a reference that fits the rule does not let the rest in."""
    assert r"this hub's rule quay\.io/lab/\w+" in refused(
        {"custom_image": reference}, rule=r"quay\.io/lab/\w+"
    )


def test_own_images_only_where_the_hub_takes_them():
    """Without a rule no own image is started, and the way out is named."""
    said = refused({"custom_image": "a/b"})

    assert said == ("This hub starts no images from outside its list; choose one of: python, root.")


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("lab/rooms:1", "lab/rooms:1"),
        ("lab/rooms:1", "lab/rooms"),
        ("lab/rooms:1", "docker.io/lab/rooms:1"),
        ("lab/rooms:1", "index.docker.io/lab/rooms:2"),
        ("lab/rooms:1", "docker.io:443/lab/rooms:2"),
        ("lab/rooms:1", f"lab/rooms@{DIGEST}"),
        ("rooms", "docker.io/library/rooms:latest"),
        ("rooms", "docker.io/rooms"),
        ("rooms", "library/rooms:1"),
        (f"quay.io/lab/rooms:1@{DIGEST}", "QUAY.io/lab/rooms:1"),
        ("LAB/rooms", "LAB/rooms:2"),
        ("localhost:5000/rooms", "localhost:5000/rooms:3"),
        ("localhost/rooms", "localhost/rooms:3"),
    ],
)
def test_another_groups_image_is_no_own_image_either(entry, reference):
    """An image outside the user's groups stays closed under its own reference too."""
    catalogue = load([ROOT, {**STAFF, "image": entry}])
    options = {"custom_image": reference}

    assert refused(options, rule=ANY, of=catalogue).startswith("You may not start")
    assert check(options, catalogue, ("staff",), ANY).reference == reference


@pytest.mark.parametrize("reference", [f"{BROUGHT}:0123456789ab", f"docker.io/{BY_DIGEST}:01"])
def test_our_own_marks_are_no_own_images(reference):
    """They are second names of every image that came, those of other groups among them."""
    options = {"custom_image": reference}

    assert refused(options, rule=ANY).startswith("You may not start")


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ({}, {}),
        ({"image": ["root"]}, {"image": "root"}),
        ({"custom_image": ["a/b"]}, {"custom_image": "a/b"}),
        ({"image": ["root"], "custom_image": [""]}, {"image": "root"}),
        ({"image": ["root"], "custom_image": ["a"]}, {"image": "root", "custom_image": "a"}),
        ({"image": ["root", "python"]}, {"image": ["root", "python"]}),
        ({"image": []}, {"image": []}),
        ({"next": ["/x"]}, {"next": "/x"}),
        ({"opt-image": ["root"]}, {"image": "root"}),
        ({"opt-image": ["root"], "image": ["python"]}, {"image": ["root", "python"]}),
        ({"_xsrf": ["t"]}, {}),
    ],
)
def test_a_url_is_read_as_it_is(data, options):
    """Parameters of a URL become options, odd ones included, for the check to refuse."""
    assert read_form(data) == options


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ({"image": ["root"], "custom_image": [""]}, {"image": "root"}),
        ({"image": ["root"], "custom_image": ["a/b"]}, {"image": "root"}),
        ({"image": [""], "custom_image": [" a/b\n"]}, {"custom_image": "a/b"}),
        ({"image": [""], "custom_image": [""]}, {"custom_image": ""}),
        ({"image": [""]}, {"custom_image": ""}),
        ({"image": ["a", "b"], "custom_image": [""]}, {"image": ["a", "b"]}),
        ({"image": [""], "custom_image": ["a", "b"]}, {"custom_image": ["a", "b"]}),
        ({"image": ["root"], "_xsrf": ["t"], "x": ["1"]}, {"image": "root", "x": "1"}),
    ],
)
def test_on_the_page_the_radio_decides(data, options):
    """The text field of the page counts only where its radio is chosen."""
    assert read_form({"from_page": ["1"], **data}) == options


def test_each_image_is_a_labelled_radio():
    """Each image has a radio with a label, named by its heading and described by the rest."""
    shown = page()
    radios = shown.named(type="radio", name="image")

    assert [radio["value"] for radio in radios] == ["python", "root"]
    for radio in radios:
        assert shown.named(**{"for": radio["id"]})
        assert shown.named(id=radio["aria-labelledby"])
        assert shown.named(id=radio["aria-describedby"])


@pytest.mark.parametrize(
    ("last", "chosen"),
    [
        ({}, "root"),
        ({"image": "python"}, "python"),
        ({"image": "gone"}, "root"),
        ({"custom_image": "a/b"}, "root"),
    ],
)
def test_the_last_choice_is_selected_while_it_exists(last, chosen):
    """The last choice is selected, and the default where there is none or it is gone."""
    assert page(last=last).chosen == [chosen]


def test_the_last_own_image_is_selected_and_filled_in():
    """Where own images are allowed, the last one waits in its field."""
    shown = page(last={"custom_image": "a/b"}, allow_custom=True)

    assert shown.chosen == [""]
    assert [field["value"] for field in shown.named(name="custom_image")] == ["a/b"]


def test_an_own_image_is_offered_only_where_allowed():
    """The field for an own image is there only where the hub takes own images."""
    assert not page().named(name="custom_image")
    (field,) = page(allow_custom=True).named(name="custom_image")
    assert (field["maxlength"], field["spellcheck"]) == ("255", "false")


def test_without_images_the_page_says_whom_to_ask():
    """A user who may see no image gets a sentence, or the own image alone."""
    assert "Ask the person who runs it" in page(images=()).text
    assert page(images=(), allow_custom=True).chosen == [""]


@pytest.mark.parametrize(("count", "shown"), [(6, 0), (7, 1)])
def test_search_comes_with_more_than_a_handful(count, shown):
    """Up to six images are seen at a glance; more bring a search box, hidden without JavaScript."""
    images = tuple(image(slug=f"i{number}") for number in range(count))
    boxes = page(images).named(id="odh-search")

    assert len(boxes) == shown
    assert all("hidden" in box for box in boxes)


@pytest.mark.parametrize(
    ("fields", "present", "said"),
    [
        ({}, {"quay.io/lab/python:1": 1_200_000_000}, "On this server, 1.2 GB"),
        ({}, {"quay.io/lab/python:1": None}, "Not here yet: the first start downloads it"),
        ({}, {}, "Not here yet: the first start downloads it"),
        ({"image": "lab/own:1", "build": "own"}, {}, "Not built on this server yet"),
        ({"memory": "1.5G"}, {}, "1.5G memory"),
        ({"cpu": 1}, {}, "1 CPU core"),
        ({"memory": "2G", "cpu": 0.5}, {}, "2G memory, 0.5 CPU cores"),
        ({"description": "For beginners."}, {}, "For beginners."),
        ({"tags": ["HEP", "C++"]}, {}, "HEP C++"),
    ],
)
def test_a_card_says_what_people_choose_by(fields, present, said):
    """A card shows limits, description, tags, size and whether the image is here."""
    assert said in page((image(**fields),), present).text


def test_a_notice_comes_first():
    """What happened to the last server stands on top, as an alert."""
    assert page(notice="Out of memory.").named(role="alert")
    assert not page().named(role="alert")


def test_every_text_is_escaped():
    """Markup in any text of files or users is shown as text."""
    bad = "\"'><script>alert(1)</script>"
    entry = image(display_name=bad, description=bad, tags=[bad], image=bad)
    html = render([entry] * 7, {bad: 1}, {"custom_image": bad}, True, bad)
    shown = Page(html)

    assert bad not in html
    assert [tag for tag, _ in shown.tags].count("script") == 1
    assert shown.text.count(bad) == 7 * 3 + 1
    assert [field["value"] for field in shown.named(name="custom_image")] == [bad]


@pytest.mark.parametrize("rule", [r"(x|x)*y", r"(x+)+y", r"(.*)*y", r"([a-z]+[0-9]?)*:y"])
def test_no_rule_makes_the_hub_wait(rule: str) -> None:
    """One over which a name of somebody's making would take for ever lets that name not in."""
    with pytest.raises(ChoiceError, match="must fit this hub's rule"):
        check({"custom_image": "x" * 250}, CATALOGUE, [], rule)
