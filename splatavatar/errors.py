"""Errors that a user can act on.

Each message says what was wrong, what was found, what was expected and what to do, in one or two lines. The command
line prints it and exits with code 2; nothing else in the package catches these.
"""


class SplatAvatarError(Exception):
    """Base of every error caused by the input or the environment rather than by a bug."""


class CaptureError(SplatAvatarError):
    """A capture folder that cannot be read or does not hold what its description says."""


class RigError(SplatAvatarError):
    """An unknown rig, or rig parameters that do not fit the rig."""


class AvatarFileError(SplatAvatarError):
    """A file that is not an intact avatar."""


class SignalError(SplatAvatarError):
    """A face signal that cannot be read."""


class OutputError(SplatAvatarError):
    """A result that cannot be written."""


class SettingsError(SplatAvatarError):
    """An option whose value makes no sense."""


class DependencyError(SplatAvatarError):
    """An optional dependency or a device that the command needs and that is absent."""


class SourceError(SplatAvatarError):
    """A source of face signals that cannot be opened: no camera, a port that is taken, an unknown name."""


class RoomError(SplatAvatarError):
    """A room that one cannot come into, or may not stay in."""


class TrustError(SplatAvatarError):
    """A key, a signature, a certificate or a record of consent that cannot be used, or does not allow what is asked."""


class StorageError(SplatAvatarError):
    """A place of files, a folder or an address, that cannot be read or is not what was expected."""


class ClusterError(SplatAvatarError):
    """A cluster that cannot be reached, or whose machines cannot do what is asked."""
