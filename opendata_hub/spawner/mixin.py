"""What all our spawners share: the choice, the waiting, the supplies and the last word."""

from collections.abc import Mapping
from typing import Any

from jupyterhub.utils import hash_token
from traitlets import Bool, Dict, Integer, Unicode

from opendata_hub import form
from opendata_hub.datasets import Share
from opendata_hub.diagnosis import Diagnosis
from opendata_hub.errors import ChoiceError
from opendata_hub.spawner import supplies
from opendata_hub.spawner.choices import Choices
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.waiting import Waiting


class OpenDataSpawner(Choices, Waiting):
    """
    Options, progress and notices of a server; mixed into a spawner that knows how to run one.

    The spawner gives ``apply_choice`` and ``prepare``, and may give ``images_here``.
    """

    datasets = Dict(
        config=True,
        help="""
        Shared folders, mounted read-only at ``/data/<name>``.

        Name to path on the engine's host, or name to a dict of ``path`` and ``groups``; a dataset
        with groups is seen by their members only. With ``fetched: True`` the path is that of a
        dataset which ``opendata-hub data fetch`` fills; servers see it once it is complete.
        """,
    )

    registries = Dict(
        config=True,
        help="""
        Logins of registries: the host to a dict of ``username`` and ``password_file``.

        Without one, the login of the hub's own ``docker login`` serves, if there is one.
        """,
    )

    welcome = Unicode(
        "",
        config=True,
        help="""
        Folder whose files are copied into each new home; empty for none.

        Homes that exist are not touched when it changes.
        """,
    )

    process_limit = Integer(
        1024,
        min=32,
        config=True,
        help="""
        How many processes and threads one server may have, kernels and terminals included.

        A notebook server with one kernel has about 60, numerical libraries add one per core.
        """,
    )

    fast_launch = Bool(
        True,
        config=True,
        help="""
        Have notebook servers in containers put off what they need not do to come up.

        It works in any image, and kernels see nothing of it. ``fast_launch: false`` in an entry of
        the catalogue has that image's servers start plainly.
        """,
    )

    stop_warning = Bool(
        False,
        config=True,
        help="""
        Have JupyterLab in containers tell the service ``culling`` whether somebody is there, and
        warn before that stops the server.

        ``culling.add`` sets it, where it is given a port.
        """,
    )

    home_usage = Bool(
        False,
        config=True,
        help="""
        Have JupyterLab in containers show how full the home is, as the service ``homes`` tells it.

        ``homes.add`` sets it.
        """,
    )

    notice = ""
    """What people should read on their next visit, such as why their server died."""

    # -- what the spawner below provides

    def apply_choice(self, choice: form.Choice) -> None:
        """Take over what was chosen: image, limits, start page."""
        raise NotImplementedError

    @property
    def dataset_list(self) -> dict[str, Share]:
        """The checked datasets."""
        return supplies.datasets(self.datasets)

    def welcome_files(self) -> dict[str, bytes]:
        """Files for a new home: relative path -> content."""
        return supplies.welcome_files(self.welcome)

    async def _run_apply_user_options(self, user_options: Any) -> None:
        """
        Check and take over the options; then the operator's own hook, if there is one.

        The hub has stored them by now, for starts that bring none; the last good ones take their
        place until a server has come up with these.

        Raises:
            StartFailed: they are refused.
        """
        self._store(self._last_choice)
        try:
            self.choice = self._check(user_options)
        except ChoiceError as error:
            raise StartFailed(str(error), error.status) from None
        self.apply_choice(self.choice)
        self.begin(self.choice.name)
        if self.apply_user_options:
            await super()._run_apply_user_options(user_options)

    def _store(self, options: Mapping[str, str]) -> None:
        self.orm_spawner.user_options = dict(options)
        self.user.db.commit()

    def came_up(self) -> None:
        """Keep the choice for next time: a server answers."""
        self._quicken_logins()
        if self.choice is not None:
            self._last_choice = self.choice.options
            self._store(self._last_choice)

    def _quicken_logins(self) -> None:
        """
        Have the hub compare this server's secret as it compares the server's token.

        The hub hashes secrets of OAuth clients in as many rounds as a password needs. This one is
        the server's API token: random, and kept in the database hashed in one round anyway.
        Comparing it was a fifth of the hub's work when somebody opens a server.
        """
        if self.orm_spawner.oauth_client is not None:
            self.orm_spawner.oauth_client.secret = hash_token(self.api_token, rounds=1)
            self.user.db.commit()

    def fail(self, diagnosis: Diagnosis, status: int = 500) -> StartFailed:
        """Log the operator's half of a diagnosis; return the exception with the student's."""
        self.log.error("Server of %s: %s", self._log_name, diagnosis.operator)
        return StartFailed(diagnosis.student, status)

    # -- memory

    def get_state(self) -> dict[str, Any]:
        """State that the hub keeps; choice and notice outlive the server."""
        state: dict[str, Any] = super().get_state()
        return {**state, "choice": self._last_choice, "notice": self.notice}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._last_choice = dict(state.get("choice") or {})
        self.notice = state.get("notice") or ""

    def remember(self) -> None:
        """Keep the state now, for news that comes between start and stop."""
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()
