"""Who may come in: one invitation for each person, which the host can withdraw."""

from __future__ import annotations

from dataclasses import dataclass, field

from splatavatar.viewer.share import Token

REFUSAL = "This invitation is not valid (any more): ask the host for a new link."


@dataclass(eq=False)
class Invitation:
    """The right of one person to be in the room."""

    number: int
    """by which the host calls it, from 1 on"""
    token: Token = field(default_factory=Token)
    withdrawn: bool = False


class Invitations:
    """The invitations of a room; see ``Admission``."""

    refusal = REFUSAL

    def __init__(self, count: int) -> None:
        self._all = [Invitation(number + 1) for number in range(count)]

    def __getitem__(self, number: int) -> Invitation:
        """That of the host's ``number``. Raises KeyError."""
        if not 1 <= number <= len(self._all):
            raise KeyError(number)
        return self._all[number - 1]

    def valid(self) -> list[Invitation]:
        """The invitations that were not withdrawn."""
        return [invitation for invitation in self._all if not invitation.withdrawn]

    def add(self) -> Invitation:
        """One more."""
        self._all.append(Invitation(len(self._all) + 1))
        return self._all[-1]

    def holder(self, given: str | None) -> Invitation | None:
        """The valid invitation whose token is ``given``, told in a time that says nothing about how near it is."""
        found = [invitation for invitation in self.valid() if invitation.token.admits(given)]
        return found[0] if found else None

    def admits(self, given: str | None) -> bool:
        """See ``Admission``."""
        return self.holder(given) is not None
