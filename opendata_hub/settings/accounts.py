"""
The first accounts, and who is in which group, written into the hub's database before it runs.

Everybody whom hub.yaml names as an admin has an account before anyone can reach the sign-up page:
else a stranger could sign up as one, and the first admin would have nobody to approve them.
"""

import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import bcrypt
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

TRIAL = "student"
"""The account that a first start makes so that the trainer can look at what students see."""

GROUP_SOURCE = {"source": "hub.yaml"}
"""Properties of the groups that hub.yaml defines."""

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: they are read wrongly from paper

_ROUNDS = 8
"""
Of bcrypt, as a power of two. Passwords of 60 random bits are found by nobody in sixteenfold less
time, and a class of 170 has them, and logs in with them, in seconds instead of a minute.
"""


@contextmanager
def hub_database(url: str) -> Iterator[Session]:
    """
    Open the hub's database, made as the hub itself would make it, and close it again.

    Raises:
        jupyterhub.orm.DatabaseSchemaMismatch: another version of JupyterHub made it.
    """
    session = orm.new_session_factory(url)()
    try:
        yield session
    finally:
        session.close()
        session.get_bind().dispose()


def new_password() -> str:
    """Return a random password of 60 bits that can be read out and typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def ensure_accounts(db: Session, names: Collection[str], logins: Path) -> dict[str, str]:
    """
    Give everyone named an account that may log in, and the trial student too if there is none yet.

    An account that still waits for approval is made anew: whoever signed up under a name which
    hub.yaml trusts need not be that person.

    Args:
        names: user names; capitals are lowered, as at login.
        logins: file that gets a line per new login, readable by this user only.

    Returns:
        dict: password by user, of those made now.

    Raises:
        OSError: the file cannot be written; then no account was made.
    """
    first = [] if UserInfo.all_users(db) else [TRIAL]
    new = new_passwords(db, [*names, *first])
    if new:
        _write(logins, new)
        set_passwords(db, new)
    return new


def new_passwords(db: Session, names: Iterable[str]) -> dict[str, str]:
    """Make up a password for everyone named who may not log in yet, and write nothing."""
    wanted = dict.fromkeys(name.lower() for name in names)
    return {name: new_password() for name in wanted if not _may_log_in(db, name)}


def _may_log_in(db: Session, name: str) -> bool:
    account = UserInfo.find(db, name)
    return account is not None and bool(account.is_authorized)


def has_account(db: Session, name: str) -> bool:
    """Whether there is an account of this name, approved or not."""
    return UserInfo.find(db, name) is not None


def set_passwords(db: Session, passwords: Mapping[str, str]) -> None:
    """Give each user an account with this random password, anew where there is one."""
    hashed = {user: _hashed(password) for user, password in passwords.items()}
    for user, password in hashed.items():  # quickly: a hub that runs waits to write meanwhile
        former = UserInfo.find(db, user)
        if former is not None:
            db.delete(former)
            db.flush()
        db.add(UserInfo(username=user, password=password, is_authorized=True))
    db.commit()


def _hashed(password: str) -> bytes:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS))


def _write(logins: Path, new: Mapping[str, str]) -> None:
    file = os.open(logins, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "a", encoding="utf-8") as stream:
        stream.writelines(f"{name}  {password}\n" for name, password in new.items())


def drop_members(db: Session, groups: Mapping[str, Collection[str]]) -> None:
    """
    Take out of the groups that hub.yaml defines, or once defined, everyone whom it does not list.

    The hub itself only ever adds the members that its configuration names.
    """
    for group in db.query(orm.Group):
        if group.name in groups or group.properties == GROUP_SOURCE:
            listed = {name.lower() for name in groups.get(group.name, ())}
            group.users = [user for user in group.users if user.name.lower() in listed]
    db.commit()
