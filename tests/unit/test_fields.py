"""Checked types, YAML files, and the sentence for each thing that can be wrong in one."""

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from opendata_hub.errors import ConfigError
from opendata_hub.fields import (
    Count,
    Matching,
    Model,
    Number,
    Size,
    check,
    format_memory,
    format_size,
    nearest,
    parse_duration,
    parse_percent,
    parse_size,
    read_yaml,
)

Name = Annotated[str, Matching(r"[a-z]{1,3}", "write one to three lower-case letters")]


class Part(Model):
    """A piece that stands in lists and under names."""

    name: Name = Field(description="A name.")
    size: Size | None = Field(None, description="A size.")


class Whole(Model):
    """A file with a key of each kind."""

    title: str = Field("a", min_length=1)
    count: Count = Field(1, ge=1)
    share: Number = Field(1.0, gt=0)
    on: bool = False
    kind: Literal["box", "bag"] = "box"
    path: Path | None = None
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = Field((), min_length=1)
    named: dict[Name, Part] = {}
    words: dict[str, str] = {}
    spare: Part | None = None
    code: str = Field("", max_length=3)

    @model_validator(mode="after")
    def _few_tags(self) -> "Whole":
        if len(self.tags) > 2:
            raise ValueError("write two tags at most")
        return self


KNOWN = "title, count, share, on, kind, path, tags, parts, named, words, spare, code"
SPARE = "spare.nmae is not a known key; known here: name, size. Did you mean 'name'?"

FAULTS = [
    ({"titel": "x"}, f"titel is not a known key; known here: {KNOWN}. Did you mean 'title'?"),
    ({"xyzzy": 1}, f"xyzzy is not a known key; known here: {KNOWN}."),
    ({1: "x"}, f"1 is not a known key; known here: {KNOWN}."),
    (
        {"parts": [{"name": "a", "sise": "1G"}]},
        "parts[0].sise is not a known key; known here: name, size. Did you mean 'size'?",
    ),
    (
        {"named": {"a": {"name": "a", "nam": "1G"}}},
        "named.a.nam is not a known key; known here: name, size. Did you mean 'name'?",
    ),
    ({"spare": {"nmae": "a", "name": "a"}}, SPARE),
    ({"code": "abcd"}, "code is 'abcd'; it should have at most 3 characters."),
    ({"parts": [{}]}, "parts[0].name is missing; add it."),
    ({"parts": [{"name": None}]}, "parts[0].name is missing; add it."),
    (["x"], "the file is a list; write keys and values."),
    ("x", "the file is 'x'; write keys and values."),
    ({"title": 7}, "title is 7; write a text, in quotes where it looks like a number."),
    ({"title": ""}, "title is empty; write something."),
    ({"title": ["x"]}, "title is a list; write a text, in quotes where it looks like a number."),
    ({"count": "4"}, "count is '4'; write a whole number."),
    ({"count": True}, "count is true; write a whole number."),
    ({"count": 1.5}, "count is 1.5; write a whole number."),
    ({"count": 0}, "count is 0; write 1 or more."),
    ({"share": "much"}, "share is 'much'; write a number."),
    ({"share": 0}, "share is 0; write a number above 0."),
    ({"share": float("inf")}, "share is inf; write a finite number."),
    ({"on": "perhaps"}, "on is 'perhaps'; write true or false."),
    ({"on": {}}, "on is a group of keys; write true or false."),
    ({"kind": "cup"}, "kind is 'cup'; write 'box' or 'bag'."),
    ({"path": 7}, "path is 7; write a path."),
    ({"tags": "a"}, "tags is 'a'; write a list."),
    (
        {"tags": ["a", None]},
        "tags[1] is empty; write a text, in quotes where it looks like a number.",
    ),
    ({"tags": ["a", "b", "c"]}, "write two tags at most."),
    ({"parts": []}, "parts is an empty list; write at least 1 of them."),
    ({"parts": {"a": 1}}, "parts is a group of keys; write a list."),
    ({"parts": ["a"]}, "parts[0] is 'a'; write keys and values."),
    ({"parts": [{"name": "AB"}]}, "parts[0].name is 'AB'; write one to three lower-case letters."),
    ({"named": ["a"]}, "named is a list; write keys and values."),
    (
        {"named": {"A b": {"name": "a"}}},
        "named.A b cannot be a name; write one to three lower-case letters.",
    ),
    (
        {"words": {"A": 1}},
        "words.A is 1; write a text, in quotes where it looks like a number.",
    ),
    (
        {"parts": [{"name": "a", "size": "4 gigs"}]},
        "parts[0].size is '4 gigs'; write a number with K, M, G or T, such as 4G.",
    ),
    (
        {"kind": "x" * 500},
        f"kind is '{'x' * 78}…; write 'box' or 'bag'.",
    ),
]


@pytest.mark.parametrize(("raw", "sentence"), FAULTS)
def test_a_fault_is_one_plain_sentence(raw: object, sentence: str) -> None:
    """Each fault names file, key and value, and what to write instead, in plain words."""
    with pytest.raises(ConfigError) as caught:
        check(Whole, raw, "f.yaml")

    assert str(caught.value) == f"f.yaml: {sentence}"


def test_all_faults_are_told_at_once() -> None:
    """A file with three faults gives three lines."""
    with pytest.raises(ConfigError) as caught:
        check(Whole, {"title": 1, "count": "x", "on": 7}, "f.yaml")

    assert str(caught.value).count("\n") == 2


def test_a_key_with_nothing_after_it_is_absent() -> None:
    """A section whose lines are all comments means its defaults."""
    assert check(Whole, {"title": None, "parts": None}, "f.yaml") == Whole()


def test_a_checked_value_does_not_change() -> None:
    """What was checked stays as it was checked."""
    with pytest.raises(ValueError, match="frozen"):
        Whole().title = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "size"),
    [("512M", 512 * 2**20), ("1.5G", 1.5 * 2**30), (" 2 gib ", 2 * 2**30), ("1T", 2**40)],
)
def test_sizes_are_powers_of_1024(text: str, size: int) -> None:
    """A size is a number and a unit, in any of the usual spellings."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "4", 4, "0G", "-1G", "4 gigs", "G", "1e3G", "9" * 500 + "G", "0.0001K", None, []]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    """Nothing but a positive number with a unit is a size."""
    with pytest.raises(ValueError, match=r"write a number with K, M, G or T, such as 4G"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (12_345, "12.3 kB"),
        (999_600_000, "1 GB"),
        (2_140_000_000, "2.14 GB"),
        (3e12, "3 TB"),
    ],
)
def test_bytes_are_written_for_people(size: float, text: str) -> None:
    """Bytes on disk and wire come in powers of 1000, with three digits."""
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("size", "text"), [(2**31, "2G"), (3 * 2**29, "1.5G"), (2**29, "512M"), (7, "7 bytes")]
)
def test_memory_is_written_as_it_is_typed(size: int, text: str) -> None:
    """A memory limit reads as people write it in hub.yaml."""
    assert format_memory(size) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("90m", 5400), (" 2 h ", 7200), ("1.5d", 129_600), ("0.001s", 0.001)],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    """A duration is a number and a unit."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", 30, "0s", "-1m", "2 hours", "1w", "1e3s", None, []])
def test_what_is_no_duration_is_refused(text: object) -> None:
    """Nothing but a positive number with a unit is a duration."""
    with pytest.raises(ValueError, match=r"write a number with s, m, h or d, such as 90m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "share"), [("85%", 0.85), ("0%", 0), (" 100 % ", 1), ("99.5%", 0.995)]
)
def test_shares_are_written_in_percent(text: str, share: float) -> None:
    """A share is a number from 0 to 100 and a percent sign."""
    assert parse_percent(text) == share


@pytest.mark.parametrize("text", ["", "85", 85, 0.85, "101%", "100.5%", "-1%", "all", None, []])
def test_what_is_no_share_is_refused(text: object) -> None:
    """0.85 could be a share, or less than one percent."""
    with pytest.raises(ValueError, match=r"write a number from 0 to 100 with a percent sign"):
        parse_percent(text)


@pytest.mark.parametrize(("word", "hint"), [("rooot", " Did you mean 'root'?"), ("zzz", "")])
def test_the_nearest_name_is_offered(word: str, hint: str) -> None:
    """A typing error gets the name that was meant; nonsense gets none."""
    assert nearest(word, ["python", "root"]) == hint


YAML_FAULTS = [
    (b"a: 1\nb: [1\nc: 2\n", "line 3, expected ',' or ']', but got ':'"),
    (b"a: 1\na: 2\n", 'line 2, found duplicate key "a"'),
    (b"a: 1\n\tb: 2\n", "line 2, found character '\\t' that cannot start any token"),
    (b"a: !!python/name:os.system\n", "line 1, could not determine a constructor for the tag"),
    (b"a: 1\n---\nb: 2\n", "line 2, but found another document"),
    (b"a: \x00\n", "unacceptable character #x0000: special characters are not allowed"),
]


@pytest.mark.parametrize(("content", "fault"), YAML_FAULTS)
def test_broken_yaml_is_told_with_its_line(tmp_path: Path, content: bytes, fault: str) -> None:
    """What a YAML reader cannot read is told in one line, with the line's number."""
    file = tmp_path / "f.yaml"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        read_yaml(file)

    assert str(caught.value).startswith(f"{file} is not valid YAML: {fault}")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """No file, a folder, another encoding: each has its sentence."""
    (tmp_path / "latin").write_bytes("ü".encode("latin-1"))
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    expected = {
        "none": "does not exist; check the path, or make the file.",
        ".": "is a folder; write the path of a file.",
        "latin": "is not a UTF-8 text; save it as UTF-8.",
        "loop": "cannot be read: Too many levels of symbolic links; mend that.",
    }
    for name, fault in expected.items():
        with pytest.raises(ConfigError) as caught:
            read_yaml(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name} {fault}"


def test_an_empty_file_is_an_empty_dict(tmp_path: Path) -> None:
    """A file of comments only means all defaults."""
    (tmp_path / "f.yaml").write_text("# nothing\n")

    assert read_yaml(tmp_path / "f.yaml") == {}


def test_the_schema_knows_what_the_check_knows() -> None:
    """Editors complete keys and see the patterns of names and sizes."""
    schema = Whole.model_json_schema()
    part = schema["$defs"]["Part"]

    assert part["properties"]["name"]["pattern"] == "^([a-z]{1,3})$"
    assert part["additionalProperties"] is False
    assert "4G" in json.dumps(part["properties"]["size"])
