"""What nobody does by accident on the internet: to let in anybody, and passwords in the open."""

from collections.abc import Iterator

from jupyterhub.auth import DummyAuthenticator

from opendata_hub.errors import ConfigError
from opendata_hub.settings import login
from opendata_hub.settings.entrance import ANYBODY
from opendata_hub.settings.model import PLAIN_HTTP, HubFile
from opendata_hub.settings.presets import METHODS, NATIVE, SHARED


def require_meant(file: HubFile, where: str) -> None:
    """
    Refuse what strangers on the internet could use, unless hub.yaml says so in words.

    Raises:
        ConfigError: one sentence per fault.
    """
    if found := [f"{where}: {fault}" for fault in faults(file)]:
        raise ConfigError("\n".join(found))


def faults(file: HubFile) -> Iterator[str]:
    """Say what would be open to strangers, one sentence per fault; nothing if no stranger comes."""
    if not file.hub.is_public:
        return
    if not file.hub.is_https and not file.hub.plain_http:
        yield (
            f"hub.url is {file.hub.url!r}, an address of the internet, where everyone on the way "
            f"could read passwords; write https://{file.hub.host}, and the hub gets itself a "
            f"certificate. To have it nevertheless, write hub.plain_http: {PLAIN_HTTP}."
        )
    if (how := _by_anybody(file)) and not file.login.open_to_anybody:
        yield (
            f"login lets in anybody ({how}), and hub.url is {file.hub.url!r}, an address of the "
            "internet; change that, and write under login.allow who may come in. To let in "
            f"everyone nevertheless, write login.open_to_anybody: {ANYBODY}."
        )


def _by_anybody(file: HubFile) -> str:
    """The key by which anybody could come in; empty where nobody could."""
    name, options = file.login.method, file.login.options
    if name == NATIVE:
        opening = ("open_signup", "allow_self_approval_for")
        return next((f"options.{key}" for key in opening if options.get(key)), "")
    if _takes_any_password(file):
        return "without options.password any password is right"
    for key, written in (
        ("allow.everybody", file.login.allow.everybody),
        ("options.allow_all", options.get("allow_all")),
    ):
        if written and (name not in METHODS or METHODS[name].anybody):
            return key
    return ""


def _takes_any_password(file: HubFile) -> bool:
    name, options = file.login.method, file.login.options
    is_dummy = name not in METHODS and issubclass(login.authenticator(name), DummyAuthenticator)
    return is_dummy and not options.get("password")


def warnings(file: HubFile) -> list[str]:
    """What may be meant, and may be a mistake."""
    return [*_nobody_yet(file), *_without_passwords(file), *_unknown_admins(file)]


def _nobody_yet(file: HubFile) -> Iterator[str]:
    allow, options = file.login.allow, file.login.options
    lets_in = allow.model_fields_set or any(name.startswith("allow") for name in options)
    if file.login.method != NATIVE and not lets_in:
        yield "Nobody but the admins may log in yet: write under login.allow who may."


def _without_passwords(file: HubFile) -> Iterator[str]:
    if file.login.method != SHARED:
        return
    if not file.login.options.get("user_password"):
        yield "There is no class password yet: write login.options.user_password."
    if file.login.admins and not file.login.options.get("admin_password"):
        yield (
            "No admin can log in yet: write login.options.admin_password, of 32 characters or more."
        )


def _unknown_admins(file: HubFile) -> Iterator[str]:
    """Say what no check of classes can find: who is an admin is known at the login only."""
    if login.admin_groups(file.login) and any(entry.instructors for entry in file.classes):
        yield (
            "login.admin_groups makes admins whom hub.yaml does not know: keep them off the "
            "students of classes. Instructors open their students' servers, and could act there "
            "with all the rights of such an admin."
        )
