"""The exception that the parts of the avatar file use among themselves."""


class Defect(Exception):
    """What is wrong with an avatar or its file, as the end of a sentence; ``file`` turns it into an AvatarFileError."""
