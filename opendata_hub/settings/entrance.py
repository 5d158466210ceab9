"""`login` in hub.yaml: how people log in, and who may."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from opendata_hub.fields import Model, hidden_fault
from opendata_hub.registries import read_secret
from opendata_hub.rosters import UserName

ANYBODY = "yes, anybody on the internet"


def _text(value: object) -> object:
    if not isinstance(value, str | SecretStr) or not value:
        raise hidden_fault("write a text, in quotes where it looks like a number")
    return value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_more, json_schema_input_type=str | list[str])
]


class Allow(Model):
    """Who may come in. Each key lets in more people; without any, nobody but the admins."""

    users: tuple[UserName, ...] = Field((), description="These users.")
    groups: tuple[str, ...] = Field(
        (),
        description="Members of these groups, which the login brings (`groups_claim`); with `pam` "
        "groups of the machine.",
    )
    claims: dict[str, Names] = Field(
        {},
        description="With OpenID Connect: whoever has one of these values of a claim, such as "
        "`eduperson_scoped_affiliation: [member@example.org]`.",
    )
    domains: tuple[str, ...] = Field(
        (),
        description="With OpenID Connect: whoever has a verified mail address of these domains. "
        "With `google`: accounts of these organisations.",
    )
    organisations: tuple[str, ...] = Field(
        (),
        description="With `github`: members of these organisations, or of a team of one, such as "
        "`my-university:physics-101`.",
    )
    courses: tuple[str, ...] = Field(
        (),
        description="With `lti`: whoever comes from these courses, by short name, or by the "
        "platform's id as `id:123`. Teachers may be able to change the one, never the other.",
    )
    everybody: bool = Field(
        False, description="Everybody who has an account there, or knows the class password."
    )


class Login(Model):
    """Who gets in."""

    method: str = Field(
        "native",
        description="How people log in: `native` (a password each; people sign up and wait for an "
        "admin's approval), `github`, `google`, `oidc` (any provider of OpenID Connect, by its "
        "`issuer`), `keycloak`, `cern`, `egi`, `infn`, `eduteams` (eduGAIN), `lti` (Moodle), `pam` "
        "(accounts of this machine), `shared-password` (for trusted rooms: whoever knows the class "
        "password can be any student), or any other authenticator that is installed, by its entry "
        "point.",
    )
    admins: tuple[UserName, ...] = Field(
        ("admin",),
        description="Users who may approve sign-ups and manage everybody's servers; who is not "
        "listed is no admin. With `native` each gets a random password at the next start; with a "
        "login elsewhere write the names that they have there.",
    )
    allow: Allow = Field(default_factory=Allow, description="Who may come in, beside the admins.")
    issuer: str | None = Field(
        None,
        description="Address of the provider, as it calls itself: what stands before "
        "`/.well-known/openid-configuration`. With `lti`, the platform's.",
    )
    client_id: str | None = Field(
        None, description="What the provider calls this hub, once it is registered there."
    )
    client_secret: Annotated[SecretStr, BeforeValidator(_text)] | None = Field(
        None, description="The secret that comes with it. Better keep it in a file of its own."
    )
    client_secret_file: Path | None = Field(
        None,
        description="File with that secret and nothing else, relative to hub.yaml, closed to other "
        "users.",
    )
    scopes: tuple[str, ...] = Field(
        (), description="What is asked of the provider; `openid profile email` and the like."
    )
    user_claim: str | None = Field(
        None,
        description="Claim that becomes the user's name. It must be one that nobody can choose: "
        "who has the name has the home.",
    )
    groups_claim: str | None = Field(
        None,
        description="Claim that holds the user's groups; they are the hub's then, too, beside "
        "those of `groups`. With `lti`, `course` is the only one.",
    )
    admin_groups: tuple[str, ...] = Field(
        (),
        description="Groups, of those that the login brings, whose members are admins; none of "
        "`groups` and `classes`.",
    )
    end_session: bool = Field(
        True,
        description="Who logs out of the hub is logged out of the provider, too, where it can be "
        "asked to: else the next one at the same computer comes in as the one before.",
    )
    authorize_url: str | None = Field(
        None, description="With `lti`: the platform's address for authentication requests."
    )
    jwks_url: str | None = Field(
        None, description="With `lti`: the platform's address of its public keys."
    )
    contact: str | None = Field(
        None,
        description="Whom people ask who were not let in; their page says it, such as a mail "
        "address.",
        min_length=1,
    )
    open_to_anybody: Literal["yes, anybody on the internet"] | None = Field(
        None,
        description="Where anybody could come in, such as by `allow.everybody` with `github`, a "
        f"hub with an address of the internet starts only if this says `{ANYBODY}`.",
    )
    options: dict[str, Any] = Field(
        {}, description="Settings of that authenticator, by the names of its traits."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> "Login":
        if self.client_secret and self.client_secret_file:
            raise ValueError("write one of client_secret and client_secret_file")
        return self

    @property
    def brings_groups(self) -> bool:
        """Whether groups come by the login, beside those of ``groups``."""
        return bool(self.groups_claim or self.allow.groups or self.admin_groups)

    def secret(self, folder: Path) -> str:
        """
        Return the client's secret; empty where there is none.

        Args:
            folder: of hub.yaml.

        Raises:
            ConfigError: its file cannot be read, is empty, or every user may read it.
        """
        if self.client_secret_file:
            return read_secret(folder / self.client_secret_file.expanduser())
        return self.client_secret.get_secret_value() if self.client_secret else ""
