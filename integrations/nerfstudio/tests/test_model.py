"""What the viewer and ns-render ask of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import run
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.model_components.renderers import background_color_override_context
from nerfstudio.utils.eval_utils import eval_setup
from splatavatar_nerfstudio.world import T_WORLD_RIG

from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pipeline(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As ``ns-eval`` loads it, after 120 steps."""
    folder = tmp_path_factory.mktemp("model")
    given = ("--data", str(capture), "--vis", "tensorboard", "--max-num-iterations", "120", "--timestamp", "it")
    code, said = run(folder, "train", "splat-avatar", "--pipeline.model.preset", "fast", *given)
    assert code == 0, said
    config = folder / "outputs" / "ada" / "splat-avatar" / "it" / "config.yml"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return eval_setup(config, test_mode="val")[1]


def view(pipeline: Any, time: float = 0.0, kind: CameraType = CameraType.PERSPECTIVE) -> Cameras:
    """A camera as the viewer makes it: 0.8 m before the middle of the eyes, level, of 96x72 pixels."""
    rig = pipeline.model.subject.rig
    eyes = T_WORLD_RIG[:3, :3] @ rig.joints[list(rig.eye_joints)].mean(0)
    pose = np.array([[-1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])
    pose[:, 3] = eyes + np.array([0, 0.8, 0])
    return Cameras(
        torch.from_numpy(pose).float()[None],
        *(200.0, 200.0, 48.0, 36.0, 96, 72),
        camera_type=kind,
        times=torch.tensor([time]),
        metadata={"cam_idx": 0},
    )


def test_a_face_looks_at_the_camera(pipeline: Any) -> None:
    outputs = pipeline.model.get_outputs_for_camera(view(pipeline))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "rgb": (72, 96, 3),
        "accumulation": (72, 96, 1),
        "depth": (72, 96, 1),
    }
    # The background of the corner, the head in the middle.
    torch.testing.assert_close(outputs["rgb"][0, 0], torch.full((3,), 0.6))
    assert float(outputs["accumulation"][0, 0]) == 0
    assert float(outputs["accumulation"][36, 48]) > 0.9
    # The bridge of the nose lies a little before the joints of the eyes.
    rig = pipeline.model.subject.rig
    posed = pose_numpy(rig, PoseParameters.neutral(rig))
    front = posed[:, 2].max() - rig.joints[list(rig.eye_joints), 2].mean()
    assert 0.8 - front < float(outputs["depth"][36, 48]) < 0.8


def test_time_moves_the_face(pipeline: Any) -> None:
    pictures = [pipeline.model.get_outputs_for_camera(view(pipeline, time))["rgb"] for time in (0.0, 0.5)]
    assert float((pictures[0] - pictures[1]).abs().max()) > 0.1


def test_the_background_is_whatever_nerfstudio_asks_for(pipeline: Any) -> None:
    with background_color_override_context(torch.tensor([0.0, 1.0, 0.0])):
        green = pipeline.model.get_outputs_for_camera(view(pipeline))
    torch.testing.assert_close(green["rgb"][0, 0], torch.tensor([0.0, 1.0, 0.0]))


def test_straight_alpha_over_the_background_is_the_picture(pipeline: Any) -> None:
    outputs = pipeline.model.get_outputs_for_camera(view(pipeline))
    rgba = pipeline.model.get_rgba_image(outputs)
    alpha = rgba[..., 3:]
    torch.testing.assert_close(rgba[..., :3] * alpha + 0.6 * (1 - alpha), outputs["rgb"], atol=1e-4, rtol=0)


def test_a_box_crops(pipeline: Any) -> None:
    head = torch.from_numpy(pipeline.model.subject.rig.template @ T_WORLD_RIG[:3, :3].T).float()
    # The half on the subject's left, which is at -X.
    middle = head.mean(0) - torch.tensor([0.5, 0, 0])
    box = OrientedBox(torch.eye(3), middle, torch.ones(3))
    alpha = pipeline.model.get_outputs_for_camera(view(pipeline), obb_box=box)["accumulation"][36, :, 0]
    # In a view from the front the subject's left is on the right.
    assert float(alpha[60]) > 0.9
    assert float(alpha[36]) < 0.1


def test_only_perspective_cameras(pipeline: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        pipeline.model.get_outputs_for_camera(view(pipeline, kind=CameraType.EQUIRECTANGULAR))
    assert "a camera of type EQUIRECTANGULAR: splat-avatar draws perspective cameras only" in capsys.readouterr().out


def test_losses_and_metrics_of_held_out_pictures(pipeline: Any) -> None:
    _, losses, metrics = pipeline.get_eval_loss_dict(0)
    assert 0 < float(losses["photometric"]) < 0.1
    assert 27 < float(metrics["psnr"]) < 45
    assert float(metrics["gaussian_count"]) == len(pipeline.model.shown.splats)
    metrics, images = pipeline.get_eval_image_metrics_and_images(0)
    assert 0.9 < metrics["ssim"] < 1
    assert tuple(images["img"].shape) == (512, 1024, 3)


def test_before_training_there_is_a_background(pipeline: Any) -> None:
    untrained = pipeline.config.model.setup(
        scene_box=pipeline.datamanager.train_dataset.scene_box,
        num_train_data=1,
        metadata=pipeline.datamanager.train_dataset.metadata,
        device="cpu",
    )
    outputs = untrained.get_outputs_for_camera(view(pipeline))
    assert float(outputs["accumulation"].max()) == 0
    torch.testing.assert_close(outputs["rgb"], torch.full((72, 96, 3), 0.6))
