"""What is written down of requests and logins that would rather not be found."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_events.logger import EventLogger
from jupyterhub import orm
from sqlalchemy.orm import Session
from tornado import web

from opendata_hub.audit import logins, requests
from opendata_hub.audit.ledger import Ledger
from opendata_hub.audit.pen import Pen


class Handler(SimpleNamespace):
    """As much of a hub's handler as is looked at."""

    authenticator = SimpleNamespace()

    def get_status(self) -> int:
        """Say that it went well."""
        return 200

    def get_json_body(self) -> Any:
        """Read the body as the hub does."""
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise web.HTTPError(400, "Invalid JSON in body of request") from None

    def get_argument(self, name: str, default: str) -> str:
        """Read one argument."""
        return str(self.arguments.get(name, default))


@pytest.fixture
def ledger(tmp_path: Any) -> Ledger:
    """Where it is written."""
    return Ledger(tmp_path / "audit.jsonl", 10**6, 10**6)


def handler(ledger: Ledger, method: str, path: str, body: bytes = b"", **more: Any) -> Handler:
    """Answer a request of the admin."""
    request = SimpleNamespace(method=method, path=path, body=body, remote_ip="192.0.2.1")
    settings = {
        "hub": SimpleNamespace(base_url="/hub/"),
        "eventlog": EventLogger(handlers=[Pen(ledger)]),
    }
    known = {"_jupyterhub_user": orm.User(name="admin"), "_headers": {}, **more}
    return Handler(request=request, settings=settings, **known)


def written(ledger: Ledger) -> list[dict[str, Any]]:
    """All events, without times and addresses."""
    left_out = ("time", "address")
    return [{k: v for k, v in one.items() if k not in left_out} for one in ledger.read()]


@pytest.mark.parametrize("body", [b"x", b"\xff", b"[" * 10**5, b'{"users": 1}', b"[1]"])
def test_a_body_that_cannot_be_read_hides_no_event(ledger: Ledger, body: bytes) -> None:
    """The hub itself does not read it where it needs none."""
    requests._note(handler(ledger, "DELETE", "/hub/api/users/bob", body))

    assert written(ledger) == [{"event": "user-deleted", "by": "admin", "user": "bob"}]


def test_nobody_hides_behind_other_names(ledger: Ledger) -> None:
    """A whole lecture is named; of more, how many there are."""
    many = [f"student-{number:04}" for number in range(5000)]
    ledger.append("user-made", {"users": [*many[:300], "mallory"]})
    ledger.append("user-made", {"users": many})

    lecture, flood = (entry["users"] for entry in ledger.read())
    assert lecture == [*many[:300], "mallory"]
    assert flood[:-1] == many[: len(flood) - 1]
    assert flood[-1] == f"… and {5001 - len(flood)} more"


def test_a_name_like_that_of_the_machines_root_is_marked(ledger: Ledger) -> None:
    """From the login on."""

    async def right(handler: Any, data: Any) -> dict[str, str]:
        return {"name": data["username"]}

    asked = handler(ledger, "POST", "/hub/login")
    for name in ("machine:root", "anna"):
        asyncio.run(logins._watched(right)(asked, {"username": name}))  # type: ignore[arg-type]

    assert [entry["by"] for entry in written(ledger)] == ["user:machine:root", "anna"]


@pytest.mark.parametrize(("owner", "is_told"), [("machine:root", False), ("bob", True)])
def test_only_somebody_elses_server_is_opened(ledger: Ledger, owner: str, is_told: bool) -> None:
    """Whatever the name of who opens their own."""
    me = orm.User(name="machine:root")
    spawner = orm.Spawner(name="", user=me if owner == me.name else orm.User(name=owner))
    db = orm.new_session_factory("sqlite://")()
    db.add_all([me, orm.OAuthClient(identifier="server", spawner=spawner)])
    db.commit()

    requests._note(_authorized(ledger, db, me))

    assert [entry["user"] for entry in written(ledger)] == ([owner] if is_told else [])
    db.close()


def _authorized(ledger: Ledger, db: Session, by: orm.User) -> Handler:
    return handler(
        ledger, "GET", "/hub/api/oauth2/authorize", db=db, _jupyterhub_user=by,
        arguments={"client_id": "server"}, _headers={"Location": "/user/x/?code=1"},
    )  # fmt: skip
