"""Learning platforms, such as Moodle, by LTI 1.3: people come in from a course."""

import asyncio
from typing import Any

import jwt
from ltiauthenticator.lti13.auth import LTI13Authenticator as PlainLTI
from ltiauthenticator.lti13.handlers import LTI13CallbackHandler, LTI13LoginInitHandler
from traitlets import Set, Unicode

from opendata_hub.login.guard import Told
from opendata_hub.login.own_groups import OwnGroups
from opendata_hub.login.provider import TellingHandler

_BEGIN = "This hub is opened in a course. Go to your learning platform."

_ID = "id:"
CONTEXT = "https://purl.imsglobal.org/spec/lti/claim/context"


class CallbackHandler(TellingHandler, LTI13CallbackHandler):
    """What the platform sends a student with."""

    async def post(self) -> None:
        """Come in, or be told why not. The platform's keys are fetched beside the hub."""
        try:
            token = await asyncio.to_thread(self.decode_and_validate_launch_request)
        except Exception as error:
            raise self._told(error) from None
        user = await self.login_user(token)
        if user is None:
            raise Told(403, "This hub does not take your name. Ask its admin.")
        await self.redirect_to_next_url(user)

    def _told(self, error: Exception) -> Told:
        self.log.warning("LTI launch refused: %s", error)
        if isinstance(error.__context__, jwt.PyJWKClientConnectionError):
            return Told(503, "Your learning platform does not answer. Try again in a minute.")
        return Told(
            400,
            "Your learning platform's message was not accepted. Go back to the course and open the "
            "notebook there again. If that goes on, the hub's admin finds the reason in its log.",
        )


class LoginHandler(TellingHandler, LTI13LoginInitHandler):
    """The platform's first word."""

    def post(self) -> None:
        """Go on to the platform; whoever comes here by themselves is told where to begin."""
        if not self.get_argument("login_hint", ""):
            raise Told(400, _BEGIN)
        super().post()

    get = post


class LTI13Authenticator(OwnGroups, PlainLTI):
    """People of a platform; with ``manage_groups`` the course is their group."""

    login_handler = LoginHandler
    callback_handler = CallbackHandler

    custom_html = f'<p class="lead text-center py-5">{_BEGIN}</p>'
    contact = Unicode(
        "your teacher", config=True, help="Whom people who were not let in are told to ask."
    )
    allowed_courses = Set(
        Unicode(),
        config=True,
        help="Let in everybody who comes from one of these courses: short name, or 'id:' and id.",
    )

    async def authenticate(self, handler: Any, data: dict[str, Any] | None = None) -> Any:
        """
        Add the course as a group, where groups come by the login, beside those of before.

        A launch tells of one course only; who learns in two is in both groups.
        """
        model = await super().authenticate(handler, data)
        if self.manage_groups:
            user = handler.find_user(self.normalize_username(model["name"]))
            before = {group.name for group in user.orm_user.groups} if user else set()
            model["groups"] = sorted(before | {*courses(data or {})[:1]} - {*self.own_groups})
        return model

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """
        Let in whom the settings name, and who comes from an allowed course.

        Raises:
            Told: who is not let in reads under which name, and whom to ask.
        """
        if authentication is None or super().check_allowed(username, authentication):
            return True
        if self.allowed_courses & set(courses(authentication["auth_state"])):
            return True
        raise Told(
            403,
            f"Your learning platform knows you as {username}. Neither you nor this course is let "
            f"in. Ask {self.contact}.",
            username,
        )


def courses(token: dict[str, Any]) -> list[str]:
    """
    Return what a launch says of its course: short name, if any, and id after ``id:``.

    A short name that begins so is none: teachers choose them, and ids are the platform's.
    """
    context = token.get(CONTEXT) or {}
    label, number = str(context.get("label") or ""), context.get("id")
    named = [label] if label and not label.lower().startswith(_ID) else []
    return [*named, *([f"{_ID}{number}"] if number else [])]
