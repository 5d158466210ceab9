"""What people in line do: ask for a server, and look at the page."""

import threading

from tests.hubs import RunningHub, Start


def ask(hub: RunningHub, user: str, image: str) -> None:
    """Press Start, and go on."""
    answer = hub.ask(user, {"image": image})
    assert answer.status_code in (201, 202), answer.text  # 201 where the last start has failed


def see(hub: RunningHub, user: str, words: str) -> None:
    """Wait until the user's page says this, then close the tab."""
    with hub.api.stream("GET", f"/users/{user}/server/progress") as stream:
        assert any(words in line for line in stream.iter_lines()), f"{user} never saw: {words}"


def follow(hub: RunningHub, user: str, starts: dict[str, Start]) -> threading.Thread:
    """Watch a start until its end, as a browser does; then it is in ``starts``."""

    def watch() -> None:
        events = hub.follow(user)
        starts[user] = Start(202, str(events[-1]["message"]), events)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread
