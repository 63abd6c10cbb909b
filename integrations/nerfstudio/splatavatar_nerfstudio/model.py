"""The avatar as a nerfstudio model: drawn at any camera and timestep, baked by our own optimiser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.model_components import renderers
from nerfstudio.models.base_model import Model, ModelConfig
from torch import Tensor

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.engines.torch_engine import deform, photometric
from splatavatar.bake.scoring.metrics import GREY, score
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.schedule import Schedule
from splatavatar.capture.head_region import head_region
from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import Backend, rasterize
from splatavatar_nerfstudio.datamanager import FRAME
from splatavatar_nerfstudio.dataparser import SUBJECT
from splatavatar_nerfstudio.spoken import spoken
from splatavatar_nerfstudio.subject import Subject
from splatavatar_nerfstudio.training import Bake, BakeBackend, Stored, bake_device
from splatavatar_nerfstudio.world import T_WORLD_RIG, camera_of, timestep_of

BACKGROUNDS = {"grey": GREY, "black": 0.0, "white": 1.0}


@dataclass
class SplatAvatarModelConfig(ModelConfig):
    """How the avatar is baked and shown."""

    _target: type = field(default_factory=lambda: SplatAvatarModel)
    enable_collider: bool = False
    preset: Literal["fast", "balanced", "best"] = "balanced"
    """Of the bake: the number of Gaussians, and how far learning rates fall."""
    seed: int = 0
    """Of everything random in the bake."""
    fix_rig: bool = False
    """Whether the rig parameters stay as they are."""
    crop: Literal["auto", "neck", "shoulders", "chest"] = "auto"
    """Where the bust of the avatar file ends."""
    backend: BakeBackend = "auto"
    """What draws: auto is our own for the device, gsplat the library, on a GPU."""
    background_color: Literal["grey", "black", "white"] = "grey"
    """Behind the avatar in viewer and renders."""


@dataclass
class Shown:
    """What is drawn."""

    splats: Splats
    psi: Tensor
    """(T, K)"""
    motion: RigMotion


class SplatAvatarModel(Model):
    """The Gaussians as the optimiser has them, on the rig as it has refined it."""

    config: SplatAvatarModelConfig

    def populate_modules(self) -> None:
        """Takes what the dataparser has read; nothing is baked or drawn yet."""
        super().populate_modules()
        metadata = self.kwargs["metadata"]
        if SUBJECT not in metadata:
            raise SettingsError("splat-avatar needs the dataparser splat-avatar-data")
        self.subject: Subject = metadata[SUBJECT]
        self.where = str(self.kwargs["device"])
        self.bake: Bake | None = None
        self.stored: Stored | None = None
        self._shown: Shown | None = None

    def begin(self, steps: int, name: str) -> Bake:
        """Begins the bake of ``steps`` in all, or goes on with that of the checkpoint that was loaded.

        ``name`` is the avatar's.

        Raises:
            SplatAvatarError: the capture, the checkpoint, the settings or the device do not serve.
        """
        config = self.config
        settings = replace(
            self.subject.settings,
            out=Path(f"{name}.splatavatar"),
            preset=config.preset,
            iterations=steps,
            seed=config.seed,
            fix_rig=config.fix_rig,
            crop=config.crop,
        )
        self.bake = Bake(self.subject, settings, bake_device(self.where, config.backend), self.stored)
        self.stored = None
        return self.bake

    def get_extra_state(self) -> dict[str, Any]:
        """The bake, for nerfstudio's checkpoints: plain values and tensors."""
        stored = self.stored if self.bake is None else Stored.of(self.bake.trainer)
        return {} if stored is None else dict(vars(stored))

    def set_extra_state(self, state: Any) -> None:
        """The bake of a checkpoint, to go on with or to look at.

        Raises:
            SettingsError: it is none of this method, or of another capture.
        """
        self.stored = stored = Stored.read(state)
        motion = RigMotion(self.subject.rig, self.subject.parameters, self.device)
        state = stored.state(motion)
        psi = motion.psi(stored.weights.to(self.device), stored.bias.to(self.device))
        self._shown = Shown(state.splats, psi, motion)

    @property
    def shown(self) -> Shown | None:
        """What is drawn; None before there is anything."""
        if self.bake is None:
            return self._shown
        trainer = self.bake.trainer
        return Shown(trainer.state.splats, trainer.psi, trainer.motion)

    def get_param_groups(self) -> dict[str, list[torch.nn.Parameter]]:
        """None: the optimiser is our own."""
        return {}

    def get_outputs(self, ray_bundle: Cameras) -> dict[str, Tensor]:
        """See ``get_outputs_for_camera``."""
        return self.get_outputs_for_camera(ray_bundle)

    @torch.no_grad()
    def get_outputs_for_camera(self, camera: Cameras, obb_box: OrientedBox | None = None) -> dict[str, Tensor]:
        """The avatar as one camera sees it at its timestep.

        Returns ``rgb`` (H, W, 3) over the background, ``accumulation`` (H, W, 1) in [0, 1] and ``depth`` (H, W, 1),
        metres from the camera along the ray. ``obb_box`` leaves out the Gaussians beyond it.
        """
        with spoken():
            view = camera_of(camera)
        shown = self.shown
        background = self._background()
        if shown is None:
            empty = torch.zeros(view.height, view.width, 1, device=self.device)
            return {"rgb": empty + background.to(self.device), "accumulation": empty, "depth": empty.clone()}
        timestep = timestep_of(camera, len(shown.psi))
        eye = torch.as_tensor(view.position, dtype=torch.float32, device=self.device)
        faces = torch.from_numpy(self.subject.rig.faces).to(self.device)
        world = deform(shown.splats, shown.psi[timestep], shown.motion.vertices(timestep), faces, eye)
        if obb_box is not None:
            world = _within(world, obb_box)
        image = rasterize(world, view, (0.0, 0.0, 0.0), self._backend)
        away = (world.mean - eye).norm(dim=1, keepdim=True).expand(-1, 3)
        far = rasterize(replace(world, colour=away.contiguous()), view, (0.0, 0.0, 0.0), self._backend)
        alpha = image.alpha[..., None]
        depth = far.colour[..., :1] / alpha.clamp(min=1e-6)
        return {
            "rgb": (image.colour + (1 - alpha) * background.to(alpha.device)).clamp(0, 1),
            "accumulation": alpha,
            "depth": torch.where(alpha > 0, depth, depth.max()),
        }

    def get_rgba_image(self, outputs: dict[str, Tensor], output_name: str = "rgb") -> Tensor:
        """The picture (H, W, 4) with straight alpha."""
        alpha = outputs["accumulation"]
        colour = outputs[output_name] - (1 - alpha) * self._background().to(alpha.device)
        return torch.cat([(colour / alpha.clamp(min=1e-6)).clamp(0, 1), alpha], -1)

    def get_metrics_dict(self, outputs: dict[str, Tensor], batch: dict[str, Any]) -> dict[str, Tensor]:
        """PSNR of the picture, and the number of Gaussians."""
        metrics, _ = self.get_image_metrics_and_images(outputs, batch)
        count = 0 if self.shown is None else len(self.shown.splats)
        return {"psnr": torch.tensor(metrics["psnr"]), "gaussian_count": torch.tensor(float(count))}

    def get_loss_dict(
        self, outputs: dict[str, Tensor], batch: dict[str, Any], metrics_dict: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """The photometric loss of the bake."""
        frame, rgba = batch[FRAME], _bytes(batch["image"])
        whole = (0, 0, frame.camera.width, frame.camera.height)
        target = Target(frame.name, rgba.numpy(force=True), frame.camera, frame.timestep, whole)
        rgb, alpha = outputs["rgb"], outputs["accumulation"][..., 0]
        background = self._background().to(rgb.device)
        loss, _ = photometric(rgb, alpha, rgba.to(rgb.device), target, background, Schedule().loss)
        return {"photometric": loss}

    def get_image_metrics_and_images(
        self, outputs: dict[str, Tensor], batch: dict[str, Any]
    ) -> tuple[dict[str, float], dict[str, Tensor]]:
        """PSNR in dB and SSIM by the rule of ``splatavatar eval``, and truth and render side by side."""
        frame, rgba = batch[FRAME], _bytes(batch["image"]).numpy(force=True)
        head = None
        if self.shown is not None:
            vertices = self.shown.motion.vertices(frame.timestep).numpy(force=True)
            head = head_region(self.subject.rig, vertices, frame.camera)
        render = _bytes(self.get_rgba_image(outputs)).numpy(force=True)
        scored = score((render / 255).astype("float32"), rgba[..., :3], rgba[..., 3], head)
        image = batch["image"].to(outputs["rgb"].device).float() / (255 if batch["image"].dtype == torch.uint8 else 1)
        truth = image[..., :3] * image[..., 3:] + (1 - image[..., 3:]) * self._background().to(image.device)
        return {"psnr": scored.psnr, "ssim": scored.ssim}, {"img": torch.cat([truth, outputs["rgb"]], 1)}

    @property
    def _backend(self) -> Backend:
        return "gsplat" if self.config.backend == "gsplat" and self.device.type == "cuda" else "auto"

    def _background(self) -> Tensor:
        """(3) what nerfstudio asks for now, else what the settings say."""
        override = renderers.BACKGROUND_COLOR_OVERRIDE
        return torch.full((3,), BACKGROUNDS[self.config.background_color]) if override is None else override


def _bytes(image: Tensor) -> Tensor:
    """Levels from 0 to 255 of a picture that may have them already."""
    return image if image.dtype == torch.uint8 else (image.clamp(0, 1) * 255).round().to(torch.uint8)


def _within(gaussians: Gaussians[Tensor], box: OrientedBox) -> Gaussians[Tensor]:
    """Those whose mean is inside of ``box``, which lies in nerfstudio's world."""
    turn = torch.from_numpy(T_WORLD_RIG[:3, :3]).to(gaussians.mean)
    inside = box.within(gaussians.mean @ turn.T)
    return Gaussians(**{name: value[inside].contiguous() for name, value in vars(gaussians).items()})
