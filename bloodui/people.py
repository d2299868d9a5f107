"""Who may do what. Whatever admins and instructors do asks this as well as the navigation: a hidden
page is no lock. Who reads images is let in by app.py, which runs before every page.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bloodui.errors import AccessError

READER, ADMIN = "reader", "admin"
ROLES = (READER, ADMIN)
"""What a login's claim may say."""
RESIDENT = "resident"
"""Of whoever came by the link of a quiz, and may read that, but is no reader."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who uses the dashboard.

    Attributes:
        name: For the history: e-mail address or name of a login; "" where nobody is logged in.
        roles: Of `ROLES`, or `RESIDENT`.
        id: Issuer and subject of a login, which it never shares and never changes (OpenID Connect
            Core 1.0, 5.7); "" where there is none.
        address: E-mail address that the login's provider has verified, or "".
    """

    name: str
    roles: frozenset[str] = field(default_factory=frozenset)
    id: str = ""
    address: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether this person may train, promote and see what admins see."""
        return ADMIN in self.roles

    @property
    def is_resident(self) -> bool:
        """Whether this person may read quizzes whose link they have, and nothing else."""
        return RESIDENT in self.roles


NOBODY = Person(name="")
LOCAL_USER = Person(name="local user", roles=frozenset(ROLES))
LOCAL_READER = Person(name="local user", roles=frozenset({READER}))
QUIZ_RESIDENT = Person(name="resident", roles=frozenset({RESIDENT}))


def require(person: Person, *roles: str) -> None:
    """Refuse a person who has none of these roles.

    Raises:
        AccessError: The person has none of them.
    """
    if person.roles.isdisjoint(roles):
        held = ", ".join(sorted(person.roles)) or "no role"
        wanted = " or ".join(f"'{role}'" for role in roles)
        raise AccessError(
            f"This takes the role {wanted}. You are {person.name or 'nobody'}, with {held}. Log in "
            "as somebody who has it, or ask whoever runs this installation."
        )
