"""Failed logins are counted so that guessing takes for ever and a class gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub.login.attempts import Attempts, Growing, Leaking, network


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    """A hub that was started just now."""
    return Attempts(clock)


def fail(attempts: Attempts, name: str, address: str) -> bool:
    """Try a wrong password; whether it was tried at all."""
    if attempts.wait(name, address):
        return False
    attempts.begin(name, address)
    return True


def test_five_errors_are_free_and_each_further_one_costs_more(
    attempts: Attempts, clock: Clock
) -> None:
    """A minute, two, four, and never more than five."""
    for _ in range(5):
        assert fail(attempts, "anna", "192.0.2.1")
    waits = []
    for _ in range(5):
        wait = attempts.wait("anna", "192.0.2.1")
        assert wait and wait.name == "anna"
        waits.append(wait.seconds)
        clock.now += wait.seconds
        assert fail(attempts, "anna", "192.0.2.1")

    assert waits == [60, 120, 240, 300, 300]


def test_somebody_elses_errors_do_not_lock_out(attempts: Attempts) -> None:
    """Who types right from another address gets in meanwhile."""
    for _ in range(5):
        fail(attempts, "anna", "192.0.2.1")

    assert attempts.wait("anna", "192.0.2.2") is None


def test_success_forgets_errors(attempts: Attempts) -> None:
    """Four errors, then the right password, and four errors again."""
    for _ in range(3):
        for _ in range(4):
            assert fail(attempts, "anna", "192.0.2.1")
        assert attempts.wait("anna", "192.0.2.1") is None
        attempts.begin("anna", "192.0.2.1")
        attempts.succeeded("anna", "192.0.2.1")


def test_a_class_behind_one_address_gets_in(attempts: Attempts) -> None:
    """Sixty students at once, each of whom makes two errors first."""
    for _ in range(2):
        assert all(fail(attempts, f"student{number}", "192.0.2.1") for number in range(60))
    for number in range(60):
        assert attempts.wait(f"student{number}", "192.0.2.1") is None
        attempts.begin(f"student{number}", "192.0.2.1")
        attempts.succeeded(f"student{number}", "192.0.2.1")


@pytest.mark.parametrize(
    ("names", "addresses", "most"),
    [(1, 1, 300), (10_000, 1, 3_100), (1, 10_000, 1_500)],
    ids=["one name", "any name", "many addresses"],
)
def test_a_day_of_guessing(
    attempts: Attempts, clock: Clock, names: int, addresses: int, most: int
) -> None:
    """Ten thousand guesses take days, however they are spread."""
    tried, end = 0, clock.now + 86_400
    while clock.now < end:
        name, address = f"name{tried % names}", f"192.0.{tried % addresses // 250}.{tried % 250}"
        if fail(attempts, name, address if addresses > 1 else "192.0.2.1"):
            tried += 1
        else:
            clock.now += 10

    assert tried <= most


def test_an_attack_does_not_hold_up_whom_the_hub_knows(attempts: Attempts) -> None:
    """Who has been in from this address gets in, whatever others try there or under this name."""
    attempts.begin("anna", "192.0.2.1")
    attempts.succeeded("anna", "192.0.2.1")
    for number in range(300):
        fail(attempts, f"name{number}", "192.0.2.1")
        fail(attempts, "anna", f"198.51.100.{number % 250}")

    stranger = attempts.wait("ben", "192.0.2.1")
    assert stranger and stranger.name is None
    assert attempts.wait("anna", "203.0.113.9")
    assert attempts.wait("anna", "192.0.2.1") is None


def test_what_was_not_the_passwords_fault_does_not_count(attempts: Attempts) -> None:
    """Who looks every minute whether an admin has approved the account is nobody who guesses."""
    for _ in range(50):
        assert attempts.wait("anna", "192.0.2.1") is None
        attempts.begin("anna", "192.0.2.1")
        attempts.unsaid("anna", "192.0.2.1")


def test_errors_of_long_ago_are_forgotten(attempts: Attempts, clock: Clock) -> None:
    """An hour later there are five again."""
    for _ in range(5):
        fail(attempts, "anna", "192.0.2.1")
    clock.now += 3601

    assert all(fail(attempts, "anna", "192.0.2.1") for _ in range(5))


def test_a_client_of_ipv6_is_its_network() -> None:
    """Who has a whole /64 has not 2**64 tries; IPv4 written as IPv6 is the same address."""
    assert network("2001:db8::1") == network("2001:db8::2:3") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("unknown") == "unknown"


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are tried, the oldest are forgotten."""
    monkeypatch.setattr("opendata_hub.login.attempts._MOST", 3)
    growing, leaking = Growing(clock), Leaking(1, 60, clock)
    for key in "abcd":
        for _ in range(5):
            growing.add(key)
        leaking.add(key)

    assert [bool(growing.wait(key)) for key in "abcd"] == [False, True, True, True]
    assert [bool(leaking.wait(key)) for key in "abcd"] == [False, True, True, True]


@given(st.lists(st.tuples(st.sampled_from(["fail", "pass", "unsay"]), st.floats(0, 500))))
def test_waits_end(steps: list[tuple[str, float]]) -> None:
    """Whatever happened before, nobody waits longer than five minutes."""
    clock = Clock()
    attempts = Attempts(clock)
    for step, seconds in steps:
        clock.now += seconds
        wait = attempts.wait("anna", "192.0.2.1")
        assert wait is None or 0 < wait.seconds <= 300
        if wait is None:
            attempts.begin("anna", "192.0.2.1")
            if step == "pass":
                attempts.succeeded("anna", "192.0.2.1")
            elif step == "unsay":
                attempts.unsaid("anna", "192.0.2.1")
