"""Groups of hub.yaml beside those that come by the login."""

from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Dict


class OwnGroups(Authenticator):
    """
    A part of logins that bring groups.

    The hub loads groups of its configuration, or lets a login manage groups, and refuses to start
    with both. So the login's begin to count when the hub has loaded its own.
    """

    manage_groups: Any  # the hub's trait
    admin_groups: Any  # OAuthenticator's
    own_groups = Dict(
        config=True,
        help="Groups that the hub itself keeps, with their users. A login neither puts people into "
        "one nor takes them out.",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.has_trait("admin_groups"):  # a class makes no admins
            self.admin_groups = self.admin_groups - {*self.own_groups}
        self._brings_groups, self.manage_groups = self.manage_groups, False

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Pages of the login, for which the hub asks after it has loaded its groups."""
        self.manage_groups = self._brings_groups
        pages: list[tuple[str, type]] = super().get_handlers(app)
        return pages
