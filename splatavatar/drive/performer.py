"""An avatar that follows a face signal: the one way from a signal to a picture."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.limits import DEFAULT_LIMIT, expression_limit
from splatavatar.avatar.renderers.open_renderer import open_renderer, prepare
from splatavatar.avatar.renderers.renderer import Colour, Drawing, Picture, Renderer
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters


class Performer:
    """An avatar, what draws it, and the limit of its expressions.

    >>> import splatavatar as sa
    >>> performer = sa.Performer(sa.load_avatar("demo"))
    >>> smile = sa.FaceSignal.neutral(mouthSmileLeft=0.8, mouthSmileRight=0.8)
    >>> performer.draw(smile, performer.camera(256, 256)).shape
    (256, 256, 3)
    """

    def __init__(
        self,
        avatar: Avatar,
        device: str = "cpu",
        limit: float | None = DEFAULT_LIMIT,
        renderer: Renderer | None = None,
    ) -> None:
        """
        Args:
            avatar: who performs.
            device: where it is drawn, one of ``renderer.DEVICES``; opened when the first picture is asked for.
            limit: that of ``ExpressionLimit``, for an avatar with a calibration; None for no limit.
            renderer: what draws ``avatar``, where there is one already.

        Raises:
            SettingsError, DependencyError: as ``open_renderer``, with the first picture.
        """
        self.avatar = avatar
        self.limit = expression_limit(avatar, limit)
        """of the expressions; None where there is none"""
        self._device = device
        self._renderer = renderer

    @property
    def renderer(self) -> Renderer:
        """What draws the avatar."""
        if self._renderer is None:
            self._renderer = open_renderer(self.avatar, self._device)
        return self._renderer

    def camera(self, width: int, height: int) -> Camera:
        """A camera that frames the head from the front, for pictures of that many pixels."""
        return default_camera(self.avatar, width, height)

    def pose(self, signal: FaceSignal | None) -> PoseParameters:
        """The parameters of the rig that show ``signal``; those of rest for None."""
        if signal is None:
            return PoseParameters.neutral(self.avatar.rig)
        return retarget(signal, self.avatar.rig, self.limit)

    def draw(
        self,
        signal: FaceSignal | None,
        camera: Camera,
        background: Colour | None = (1.0, 1.0, 1.0),
        out: Picture | None = None,
    ) -> Picture:
        """The picture of ``signal``, of rest for None.

        Args:
            signal: the face to show.
            camera: where to look from; its size is the size of the picture.
            background: RGB in [0, 1] behind the avatar; None leaves it transparent.
            out: where the picture is put and what is returned, instead of a new array.

        Returns:
            uint8 (H, W, 3) over the background, or (H, W, 4) with straight alpha.

        Raises:
            SettingsError: see ``Renderer.render``.
        """
        return self.renderer.render(self.pose(signal), camera, background, out)

    def begin(
        self,
        signal: FaceSignal | None,
        camera: Camera,
        background: Colour | None = (1.0, 1.0, 1.0),
        out: Picture | None = None,
    ) -> Drawing:
        """Begin the picture that ``draw`` makes of these arguments, to be finished later.

        >>> import splatavatar as sa
        >>> performer = sa.Performer(sa.load_avatar("demo"))
        >>> drawing = performer.begin(None, performer.camera(64, 64))  # a GPU is at work
        >>> drawing.finish().shape
        (64, 64, 3)

        The CPU makes it at once. See ``Renderer.begin``.
        """
        return self.renderer.begin(self.pose(signal), camera, background, out)

    def stream(
        self, signals: Iterable[FaceSignal], camera: Camera, background: Colour | None = (1.0, 1.0, 1.0)
    ) -> Generator[Picture, None, None]:
        """The pictures of ``signals`` in order, as ``draw`` makes them.

        A GPU makes the next picture while those before it are on their way back, so that ``signals`` is read ahead.
        """
        for pictures in self.renderer.stream((([self.pose(signal)], [camera]) for signal in signals), background):
            yield pictures[0]

    def prepare(self, camera: Camera, background: Colour | None, at_once: int = 1) -> None:
        """Do what the first pictures of a size and a background would wait for: a GPU compiles and records.

        ``at_once`` is how many will be under way together: ``IN_FLIGHT`` of a stream, and of pictures that are begun
        before the last one is finished.
        """
        prepare(self.renderer, camera, background, at_once)
