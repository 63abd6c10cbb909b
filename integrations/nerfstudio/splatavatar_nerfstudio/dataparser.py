"""The dataparser ``splat-avatar-data``: whatever ``splatavatar bake`` reads, as nerfstudio has it.

Entry point of ``nerfstudio.dataparser_configs``. It must not import ``nerfstudio.plugins.types`` nor
``nerfstudio.engine.trainer``, by whose import nerfstudio looks for dataparsers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from nerfstudio.data.dataparsers.base_dataparser import DataParser, DataParserConfig, DataparserOutputs
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.plugins.registry_dataparser import DataParserSpecification

from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.preparation.prepare import AUTO, PrepareOptions
from splatavatar.capture.references import PictureFile
from splatavatar_nerfstudio.subject import Subject, read_subject
from splatavatar_nerfstudio.world import T_WORLD_RIG, cameras_of

FRAMES, SUBJECT = "frames", "subject"
"""what the metadata of the outputs calls the pictures of the split and the capture that they are of"""
MARGIN = 0.1
"""metres around the template that the scene box has"""


@dataclass
class SplatAvatarDataParserConfig(DataParserConfig):
    """A capture, or a video, of one person."""

    _target: type = field(default_factory=lambda: SplatAvatarDataParser)
    data: Path = Path()
    """Folder of a capture, or a video."""
    layout: str | None = None
    """Name of the reader, such as colmap or vhap; by default the one that knows the folder."""
    rig: str = AUTO
    """Body model; auto is that of the capture."""
    rig_params: Path | None = None
    """File of rig parameters; by default rig_params.npz of the capture."""
    allow_outside: bool = False
    """Whether the capture may name pictures outside of its folder."""


class SplatAvatarDataParser(DataParser):
    """Cameras and pictures of one split. World: Z up, the subject faces +Y, metres, nothing scaled or centred."""

    config: SplatAvatarDataParserConfig

    def __init__(self, config: SplatAvatarDataParserConfig) -> None:
        super().__init__(config)
        self.includes_time = True

    @cached_property
    def subject(self) -> Subject:
        """The capture, which is read once."""
        config = self.config
        return read_subject(
            BakeSettings(
                capture=config.data,
                prepare=PrepareOptions(rig=config.rig),
                rig=config.rig,
                rig_params=config.rig_params,
                allow_outside=config.allow_outside,
                layout=config.layout,
            )
        )

    def _generate_dataparser_outputs(self, split: str = "train", **kwargs: Any) -> DataparserOutputs:
        subject = self.subject
        frames = subject.frames(split)
        template = torch.from_numpy(subject.rig.template @ T_WORLD_RIG[:3, :3].T).float()
        return DataparserOutputs(
            image_filenames=[
                frame.picture.path if isinstance(frame.picture, PictureFile) else subject.capture.root / frame.name
                for frame in frames
            ],
            cameras=cameras_of(frames, len(subject.parameters.expression)),
            scene_box=SceneBox(aabb=torch.stack([template.amin(0) - MARGIN, template.amax(0) + MARGIN])),
            metadata={FRAMES: frames, SUBJECT: subject},
            dataparser_transform=torch.from_numpy(T_WORLD_RIG[:3]).float(),
        )


dataparser = DataParserSpecification(
    SplatAvatarDataParserConfig(), "Captures and videos of one person, as splatavatar reads them"
)
