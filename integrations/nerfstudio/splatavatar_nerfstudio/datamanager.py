"""Pictures with their mattes, and the cameras that they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from nerfstudio.data.datamanagers.full_images_datamanager import FullImageDatamanager, FullImageDatamanagerConfig
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.data.datasets.base_dataset import InputDataset
from numpy.typing import NDArray

from splatavatar.capture.images import load_frame
from splatavatar.errors import SettingsError
from splatavatar_nerfstudio.dataparser import FRAMES, SplatAvatarDataParserConfig

FRAME = "frame"
"""what a batch calls the frame of the capture that it is of"""


class CaptureDataset(InputDataset):
    """The pictures of a split: RGB and matte, as straight alpha, with what a lens had bent made straight."""

    def __init__(self, dataparser_outputs: DataparserOutputs, scale_factor: float = 1.0) -> None:
        super().__init__(dataparser_outputs, scale_factor)
        if scale_factor != 1.0:
            raise SettingsError(f"camera-res-scale-factor {scale_factor:g}: splat-avatar bakes pictures as they are")
        self.frames = dataparser_outputs.metadata[FRAMES]

    def get_numpy_image(self, image_idx: int) -> NDArray[np.uint8]:
        """RGBA (H, W, 4)."""
        return np.dstack(load_frame(self.frames[image_idx]))

    def get_metadata(self, data: dict[str, Any]) -> dict[str, Any]:
        """Adds the frame itself."""
        return {FRAME: self.frames[data["image_idx"]]}


@dataclass
class SplatAvatarDataManagerConfig(FullImageDatamanagerConfig):
    """Whole pictures of a capture."""

    _target: type = field(default_factory=lambda: SplatAvatarDataManager)
    dataparser: SplatAvatarDataParserConfig = field(default_factory=SplatAvatarDataParserConfig)


class SplatAvatarDataManager(FullImageDatamanager[CaptureDataset]):
    """See ``FullImageDatamanager``; the bake holds its training pictures itself, so none are kept twice."""

    def _load_images(
        self, split: Literal["train", "eval"], cache_images_device: Literal["cpu", "gpu"]
    ) -> list[dict[str, Any]]:
        # For the CPU nerfstudio pins memory, which only a GPU can; without one "gpu" is where the model is.
        on_cpu = str(self.device).startswith("cpu")
        loaded: list[dict[str, Any]] = super()._load_images(split, "gpu" if on_cpu else cache_images_device)
        return loaded

    def get_train_rays_per_batch(self) -> int:
        """The pixels of the first training picture."""
        camera = self.train_dataset.cameras[0]
        return int(camera.width) * int(camera.height)
