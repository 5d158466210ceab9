"""How far something is: a bar where somebody watches, lines where not."""

import pytest

from opendata_hub.cli.images.bars import bar

MB = 10**6


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """On the error stream, as the other one may be read by a script; none before there is news."""
    with bar("root") as tell:
        tell(0, 0)
        tell(MB, 4 * MB)

    printed = capsys.readouterr()
    assert printed.err.startswith("root: 1 MB of 4 MB\n")
    assert printed.out == ""


def test_a_terminal_gets_a_bar_that_goes_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the bytes; a name in brackets is no markup."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")

    with bar("[root]") as tell:
        tell(MB, 4 * MB)

    printed = capsys.readouterr()
    assert "[root]" in printed.err and "1.0/4.0 MB" in printed.err
    assert printed.out == ""
