"""The avatars that people bring: checked wholly before anybody else is given them, and kept in memory alone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from splatavatar.avatar.file import parse_avatar
from splatavatar.errors import AvatarFileError
from splatavatar.printable import printable
from splatavatar.trust.policy import SHARING, notice_of, taken_back, why_not
from splatavatar.trust.revocation import Revocation
from splatavatar.viewer.room.invitations import Invitation
from splatavatar.viewer.room.messages import LONGEST_NAME
from splatavatar.viewer.room.pace import Allowance

LARGEST = 32 << 20
"""bytes of an avatar"""
TOO_LARGE = f"The avatar is too large: this room takes files of up to {LARGEST >> 20} MiB."
TOO_MANY = "Too many avatars were handed over; wait a little."
UNUSED = 60.0
"""seconds after which an avatar is dropped that nobody has taken a seat with"""


@dataclass(frozen=True, eq=False)
class Upload:
    """One avatar file, intact."""

    sha256: str
    content: bytes = field(repr=False)
    name: str
    """of the avatar, '' where its file has none"""
    notice: str
    """the line about consent that everybody is shown"""


class Uploads:
    """One avatar a person. All methods belong to one event loop."""

    def __init__(self, without_consent: bool = False, revocations: Sequence[Revocation] = ()) -> None:
        """Avatars whose file has no consent to ``SHARING``, or that one of ``revocations`` takes back, are taken
        ``without_consent`` only, and said to be so."""
        self._revocations = revocations
        self._without_consent = without_consent
        self._of: dict[Invitation, Upload] = {}
        self._allowances: dict[Invitation, Allowance] = {}
        self._checking = asyncio.Lock()

    def of(self, invitation: Invitation) -> Upload | None:
        """The avatar that its person has handed over last."""
        return self._of.get(invitation)

    def all(self) -> list[Upload]:
        """Every avatar."""
        return list(self._of.values())

    async def take(self, invitation: Invitation, content: bytes) -> Upload:
        """Check and keep what a person hands over, instead of what they did before.

        Raises AvatarFileError, one sentence, and TooOften.
        """
        if len(content) > LARGEST:
            raise AvatarFileError(TOO_LARGE)
        if not self._allowances.setdefault(invitation, Allowance(0.25, 10)).take(1):
            raise TooOften(TOO_MANY)
        # One at a time: what is unpacked takes several times the memory of the file.
        async with self._checking:
            sha256 = await asyncio.to_thread(_sha256, content)
            known = next((upload for upload in self._of.values() if upload.sha256 == sha256), None)
            # Who comes back, or comes as somebody who is there, brings what has been checked.
            upload = replace(known) if known else await asyncio.to_thread(self._checked, content, sha256)
        if invitation.withdrawn:
            raise AvatarFileError("The host has withdrawn this invitation.")
        self._of[invitation] = upload
        return upload

    def drop(self, invitation: Invitation, upload: Upload | None) -> None:
        """Forget ``upload``, unless its person has handed over another one since."""
        if self._of.get(invitation) is upload:
            self._of.pop(invitation, None)

    def _checked(self, content: bytes, sha256: str) -> Upload:
        avatar = parse_avatar(content, "What was handed over")
        back = taken_back(avatar, self._revocations)
        why = back or why_not(avatar, SHARING)
        if why is not None and not self._without_consent:
            raise AvatarFileError(f"This room takes avatars with a consent to {SHARING}. This one: {why}.")
        name = printable(str(avatar.metadata.get("name") or ""))[:LONGEST_NAME]
        return Upload(sha256, content, name, printable(notice_of(avatar, back=back)))


class TooOften(Exception):
    """Avatars come faster than a person has a reason to hand them over."""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
