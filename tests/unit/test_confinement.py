"""What a container may do: nothing, unless the catalogue or the operator says so."""

from opendata_hub.catalogue import Image
from opendata_hub.engine import servers

TRUSTED = Image(
    slug="a",
    display_name="A",
    image="a",
    capabilities=("SETUID",),
    allow_privilege_escalation=True,
)


def test_by_default_a_container_may_nothing() -> None:
    """No capability, no new privilege, no swap."""
    assert servers.host_config(None, 2**30, 100, {}) == {
        "cap_drop": ["ALL"],
        "cap_add": [],
        "pids_limit": 100,
        "security_opt": ["no-new-privileges"],
        "oom_score_adj": 500,
        "memswap_limit": 2**30,
    }


def test_an_entry_may_ask_for_more() -> None:
    """Only what it names comes back."""
    config = servers.host_config(TRUSTED, None, 100, {})

    assert config == {
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID"],
        "pids_limit": 100,
        "oom_score_adj": 500,
    }


def test_the_operators_own_words_win() -> None:
    """Who configures DockerSpawner further is obeyed, but labels of ours stay."""
    assert servers.host_config(None, None, 100, {"pids_limit": 7})["pids_limit"] == 7
    made = servers.container({"role": "server"}, {"user": "5", "labels": {"role": "x", "a": "b"}})
    assert made == {
        "user": "5",
        "working_dir": "/home/jovyan",
        "labels": {"role": "server", "a": "b"},
    }
