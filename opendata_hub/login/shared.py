"""One password for a class: never for whoever may do more than a student."""

from collections.abc import Mapping
from secrets import compare_digest
from typing import Any

from jupyterhub.authenticators.shared import (
    SharedPasswordAuthenticator as HubSharedPasswordAuthenticator,
)

from opendata_hub.login.guard import Guarded

_STUDENTS = {"user"}
"""Roles of everybody."""


class SharedPasswordAuthenticator(Guarded, HubSharedPasswordAuthenticator):
    """
    The class password lets in students, the admins' password everybody with rights over others.

    JupyterHub's own lets an instructor in by the class password, and fails at letters like ``ü``.
    """

    async def authenticate(self, handler: Any, data: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the user's model, or None where the password is not the one for this name."""
        name, password = self.normalize_username(data["username"]), data["password"]
        is_admin = name in self.admin_users
        trusted = is_admin or has_rights(handler.find_user(name))
        wanted = self.admin_password if trusted else self.user_password
        if wanted and _same(password, wanted):
            return {"name": name, "admin": is_admin, "groups": []}
        return None if trusted else self._by_group(name, password)

    def _by_group(self, name: str, password: str) -> dict[str, Any] | None:
        for wanted, groups in self.password_groups.items():
            if _same(password, wanted):
                return {"name": name, "groups": groups}
        return None


def has_rights(user: Any) -> bool:
    """Whether a user of the hub, or a group of theirs, has a role that not everybody has."""
    if user is None:
        return False
    owners = (user.orm_user, *user.orm_user.groups)
    return any(role.name not in _STUDENTS for owner in owners for role in owner.roles)


def _same(password: str, wanted: str) -> bool:
    return compare_digest(password.encode(), wanted.encode())
