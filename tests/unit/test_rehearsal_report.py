"""The verdict of a rehearsal: what fits, what is the limit, and how that is told and kept."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.errors import RehearsalError
from opendata_hub.rehearsal import plot, report
from opendata_hub.rehearsal.containers import Use
from opendata_hub.rehearsal.course import Course, Failure, Phase
from opendata_hub.rehearsal.meter import Sample, shares_of
from opendata_hub.rehearsal.record import Record
from opendata_hub.rehearsal.verdict import judge
from opendata_hub.rehearsal.wording import arithmetic, words

MIB, GIB = 2**20, 2**30


def student(number: int, seconds: float, **more: Any) -> Course:
    """One who got in after these seconds, and ran the notebook in two."""
    steps = [
        (0.0, Phase.ASKED),
        (0.5, Phase.LINE),
        (seconds - 0.5, Phase.STARTING),
        (seconds, Phase.IN),
        (20.0, Phase.WORK),
        (22.0, Phase.DONE),
    ]
    return Course(f"student-{number}", steps, **more)


def out(number: int, **more: Any) -> Course:
    """One who did not get in."""
    return Course(f"student-{number}", [(0.0, Phase.ASKED), (20.0, Phase.OUT)], **more)


def record(*courses: Course, used: int = 200 * MIB, promised: int = 512 * MIB) -> Record:
    """A class on two cores and 9 GiB, of which 1 GiB is in use; a start is a CPU-second."""
    inside = sum(course.is_in for course in courses)
    uses = [Use(course.name, used, promised, 1.5) for course in courses if course.is_in]
    return Record(
        hub="http://localhost:8000",
        version="6.1.1",
        began=datetime(2026, 11, 23, 18, 30, tzinfo=timezone.utc),
        image="starter",
        notebook="lesson.ipynb",
        patience=300.0,
        by_password=False,
        reserve=GIB,
        cores=2,
        memory=9 * GIB,
        courses=list(courses),
        samples=[
            Sample(-2.0, 100.0, GIB),
            Sample(-1.0, 100.0, GIB),
            Sample(20.0, 100.0 + inside, GIB + inside * used),
            Sample(22.0, 100.0 + 1.5 * inside, GIB + inside * used),
        ],
        containers=[(20.0, [replace(use, cpu=1.0) for use in uses]), (22.0, uses)] if uses else [],
        settled=20.0,
        ended=22.0,
    )


def class_of(count: int) -> list[Course]:
    """Students who all got in."""
    return [student(number, 1.0 + number) for number in range(count)]


def test_promises_decide_how_many_fit() -> None:
    """Who uses less than the promise could be promised less: that is said, with a number."""
    verdict = judge(record(*class_of(10)))

    assert list(words(verdict)) == [
        "10 of 10 got in, the last after 10 s.",
        "16 students fit; memory is the limit.",
    ]
    memory, promises, advice = list(arithmetic(verdict))[:3]
    assert "each used 200M, kernel included" in memory
    assert "there is room for 40" in memory
    assert "promises each 512M (limits.guarantee)" in promises
    assert "it lets 16 in" in promises
    assert "limits.guarantee: 256M would let 32 in" in advice
    assert verdict.went_well


def test_use_decides_where_it_is_more_than_the_promise() -> None:
    """The hub counts with what servers use, and so does the verdict."""
    verdict = judge(record(*class_of(4), used=1024 * MIB))

    assert (verdict.fits, verdict.limit) == (8, "memory")
    assert not any("limits.guarantee:" in line for line in list(arithmetic(verdict)))


def test_the_processor_decides_where_the_last_one_would_wait_too_long() -> None:
    """Two cores, a CPU-second each: 120 are in within a minute, and memory has room for more."""
    verdict = judge(record(*class_of(10), used=10 * MIB, promised=10 * MIB))

    assert (verdict.fits, verdict.limit) == (120, "processor")
    assert list(words(verdict))[-1] == "120 students fit; the processor is the limit."
    assert any("2 cores start 2.0 a second" in line for line in list(arithmetic(verdict)))


def test_who_finds_no_memory_shows_how_many_fit() -> None:
    """What was seen goes before what is reckoned."""
    refused = [out(number, trouble="no memory", for_memory=True) for number in range(2)]
    verdict = judge(record(*class_of(6), *refused))

    assert (verdict.fits, verdict.limit) == (6, "memory")
    assert list(words(verdict))[:2] == [
        "6 of 8 got in, the last after 6.0 s.",
        "2 did not get in because the memory was taken.",
    ]
    assert not verdict.went_well


def test_what_fits_is_not_told_where_something_is_broken() -> None:
    """A class whose logins fail does not say what the machine can do."""
    verdict = judge(record(*class_of(2), out(3, trouble="the login page refuses it")))

    assert verdict.fits is None
    assert "1 did not get in for other reasons" in list(words(verdict))[1]
    assert not verdict.went_well


def test_nobody_in_is_a_verdict_too() -> None:
    """There is nothing to reckon with."""
    verdict = judge(record(out(1, trouble="x"), out(2, trouble="x")))

    assert next(words(verdict)) == "0 of 2 got in."
    assert list(arithmetic(verdict)) == []


def test_a_failed_cell_is_counted() -> None:
    """All got in, and yet it did not go well."""
    failure = Failure(2, "1/0", "ZeroDivisionError: division by zero")
    verdict = judge(record(student(1, 2.0), student(2, 3.0, failure=failure)))

    assert "The notebook failed for 1 of 2." in list(words(verdict))
    assert not verdict.went_well


def test_a_download_is_told_apart() -> None:
    """It comes once, and is no one's wait."""
    steps = [(0.0, Phase.ASKED), (1.0, Phase.IMAGE), (15.0, Phase.STARTING), (18.0, Phase.IN)]
    verdict = judge(record(Course("student", [*steps, (20.0, Phase.WORK), (22.0, Phase.DONE)])))

    assert next(words(verdict)) == "1 of 1 got in, the last after 4.0 s."
    assert "having it took 14 s, which is not counted" in list(words(verdict))[-1]


def test_a_hub_elsewhere_is_not_measured_here() -> None:
    """This machine's processor and memory say nothing of it."""
    seen = record(*class_of(2))
    seen.cores = seen.memory = None
    verdict = judge(seen)

    assert verdict.fits is None
    assert list(arithmetic(verdict)) == []
    assert "not measured" in report.html(seen, verdict)


def test_a_machine_that_was_busy_before_is_told() -> None:
    """Then the numbers are worth little."""
    seen = record(*class_of(2))
    seen.samples[1] = Sample(-1.0, 101.0, GIB)

    assert "50% busy before the class came" in list(arithmetic(judge(seen)))[-2]


def test_shares_of_the_processor_need_looks_that_are_apart() -> None:
    """Two looks at nearly the same moment make no peak."""
    samples = [Sample(0.0, 10.0, 0), Sample(1.0, 11.0, 0), Sample(1.01, 11.5, 0)]

    assert shares_of([*samples, Sample(2.0, 13.0, 0)], 2) == [(1.0, 0.5), (2.0, 1.0)]


@pytest.fixture
def seen() -> Record:
    """A class in which something went wrong for two."""
    failure = Failure(2, "1 < 0", "ValueError: <b>no</b>")
    return record(*class_of(3), student(4, 5.0, failure=failure), out(5, trouble="still in line"))


def test_the_report_has_everything(seen: Record, tmp_path: Path) -> None:
    """Both files are named by the time of the class; the data are complete, the page is whole."""
    verdict = judge(seen)
    data, page = report.save(seen, verdict, tmp_path / "new")

    found = json.loads(data.read_text())
    assert found["verdict"]["words"] == list(words(verdict))
    assert [one["in"] for one in found["students"]] == [True] * 4 + [False]
    assert found["students"][3]["failed_cell"]["error"] == "ValueError: <b>no</b>"
    assert len(found["samples"]) == 4
    assert data.stem == page.stem
    text = page.read_text()
    assert "<svg" in text
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in text
    assert "still in line" in text
    assert "http" not in text.partition("<svg")[0].replace(seen.hub, "")


def test_without_matplotlib_the_page_says_how_to_get_the_picture(
    seen: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All else is there."""
    monkeypatch.setattr(plot, "is_there", lambda: False)
    text = report.html(seen, judge(seen))

    assert "<svg" not in text
    assert "opendata-hub[rehearse]" in text
    assert "still in line" in text


def test_a_report_that_cannot_be_written_says_so(seen: Record, tmp_path: Path) -> None:
    """The folder is named."""
    (tmp_path / "file").touch()

    with pytest.raises(RehearsalError, match="name another folder with --save"):
        report.save(seen, judge(seen), tmp_path / "file")
