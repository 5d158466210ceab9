"""`culling` in hub.yaml: what it may say, and what the service is told."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.services import classes, culling
from opendata_hub.settings import Settings, load
from opendata_hub.settings.culling import config

HUB = """
groups: {{physics: [anna]}}
images: [{{slug: one, display_name: One, image: example.org/one:1}}]
culling: {culling}
"""


def settings(folder: Path, text: str) -> Settings:
    """Read a hub.yaml."""
    (folder / "hub.yaml").write_text(HUB.format(culling=text))
    return load(folder / "hub.yaml")


@pytest.mark.parametrize("text", ["false", "{enabled: false}"])
def test_one_word_is_no_culling(tmp_path: Path, text: str) -> None:
    """``culling: false`` says it."""
    assert not settings(tmp_path, text).culling.enabled


def test_what_hub_yaml_says_is_what_the_service_is_told(tmp_path: Path) -> None:
    """Every key, in seconds; a look takes whole ones."""
    text = (
        "{idle: 90m, busy: 1d, warn: 15m, keep: 4h, check_every: 0.5s, dry_run: true, "
        "images: {one: false}, groups: {physics: {idle: 3h}}}"
    )
    told = config(settings(tmp_path, text).culling, ())
    assert told == culling.Config(
        idle=5400,
        busy=86400,
        warn=900,
        keep=14400,
        check_every=1,
        dry_run=True,
        images={"one": culling.Limits(enabled=False)},
        groups={"physics": culling.Limits(idle=10800)},
    )


def test_a_lesson_s_servers_stay_from_its_warm_up(tmp_path: Path) -> None:
    """They are started ahead of it, and are not stopped before anybody has come."""
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
    lesson = classes.Lesson(
        name="Tuesday", users=("anna",), start=noon, end=noon + timedelta(hours=2), warm_up=600
    )
    (session,) = config(settings(tmp_path, "").culling, [lesson]).sessions
    assert (session.name, session.users) == ("Tuesday", ("anna",))
    assert noon - session.start == timedelta(minutes=10)
    assert session.end == lesson.end


def test_without_a_word_it_is_on_and_patient(tmp_path: Path) -> None:
    """Two hours, and no limit on work; the service's own default is the same."""
    assert config(settings(tmp_path, "").culling, ()) == culling.Config()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2h", "culling is '2h'; write false, or keys such as idle: 2h."),
        ("{idel: 2h}", "culling.idel is not a known key; known here: enabled, idle, busy, "
         "warn, keep, check_every, dry_run, images, groups. Did you mean 'idle'?"),
        ("{idle: 2}", "culling.idle is 2; write a number with s, m, h or d, such as 90m."),
        ("{idle: 1h, warn: 40m}", "culling: write a warn of half of idle at most."),
        ("{images: {two: false}}", "culling.images.two: in the catalogue are only one."),
        ("{groups: {phisics: false}}",
         "culling.groups.phisics: groups has only physics. Did you mean 'physics'?"),
        ("{groups: {physics: never}}",
         "culling.groups.physics is 'never'; write false, or keys such as idle: 2h."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_what_to_write(tmp_path: Path, text: str, fault: str) -> None:
    """Each fault is a sentence."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert str(caught.value) == f"hub.yaml: {fault}"
