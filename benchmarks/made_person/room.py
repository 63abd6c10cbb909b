"""A room behind the person: wall, window, shelf, plant and lamp; and the light."""

from __future__ import annotations

import math

import bpy
from mathutils import Vector

from made_person.nodes import Shader, plain

FACE = Vector((0.0, 0.12, 0.08))

Place = tuple[float, float, float]


def box(name: str, centre: Place, size: Place, material: bpy.types.Material) -> bpy.types.Object:
    """An axis-aligned box."""
    corners = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([[c + s * k for c, s, k in zip(centre, size, at, strict=True)] for at in corners], [], quads)
    mesh.materials.append(material)
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def furnished() -> list[bpy.types.Object]:
    """All that is behind the person."""
    wall = Shader("wall")
    where = wall.node("TexCoord").outputs["Object"]
    wall.set(Base_Color=wall.mix(wall.noise(2.2, 0.3, 0.7, 3, where), (0.50, 0.47, 0.41), (0.43, 0.415, 0.37)))
    wall.set(Roughness=0.9)
    wood = Shader("wood")
    grain = wood.noise(9, 0.3, 0.7, 5, wood.node("TexCoord").outputs["Object"])
    wood.set(Base_Color=wood.mix(grain, (0.30, 0.16, 0.075), (0.20, 0.10, 0.045)), Roughness=0.5)
    made = [box("wall", (0, 0.3, -1.75), (6, 4, 0.1), wall.material)]
    made.append(box("side", (1.9, 0.3, -0.4), (0.1, 4, 4), wall.material))
    for height in (-0.22, 0.20):
        made.append(box("shelf", (0.68, height, -1.56), (0.92, 0.025, 0.24), wood.material))
    colours = ((0.42, 0.07, 0.05), (0.06, 0.15, 0.22), (0.55, 0.47, 0.30), (0.10, 0.20, 0.12), (0.30, 0.28, 0.27))
    books = [plain(f"book {i}", colour, 0.7) for i, colour in enumerate(colours)]
    at = 0.27
    for number in range(17):
        width = 0.022 + 0.017 * ((number * 7) % 5) / 4
        tall = 0.17 + 0.08 * ((number * 11) % 7) / 6
        if number not in (6, 7, 12):
            made.append(
                box("book", (at + width / 2, 0.213 + tall / 2, -1.55), (width, tall, 0.16), books[number * 3 % 5])
            )
        at += width + 0.004
    made.append(box("case", (0.45, -0.13, -1.55), (0.20, 0.15, 0.18), plain("case", (0.33, 0.22, 0.12), 0.8)))
    made.append(box("vase", (0.82, -0.11, -1.55), (0.09, 0.19, 0.09), plain("vase", (0.09, 0.20, 0.25), 0.2)))
    frame = plain("frame", (0.06, 0.05, 0.045), 0.5)
    made.append(box("frame", (-0.55, 0.32, -1.68), (0.46, 0.60, 0.03), frame))
    made.append(box("mount", (-0.55, 0.32, -1.66), (0.42, 0.56, 0.02), plain("mount", (0.75, 0.73, 0.68), 0.9)))
    for i, colour in enumerate(((0.55, 0.25, 0.12), (0.12, 0.28, 0.33), (0.65, 0.50, 0.20))):
        made.append(
            box("print", (-0.55, 0.20 + 0.12 * i, -1.645), (0.27 - 0.05 * i, 0.10, 0.01), plain("print", colour, 0.9))
        )
    return made


def light(centre: Place, energy: float, size: float, colour: Place, towards: Vector = FACE) -> None:
    """A soft square lamp."""
    made = bpy.data.lights.new("light", "AREA")
    made.energy, made.size, made.color = energy, size, colour
    placed = bpy.data.objects.new("light", made)
    bpy.context.scene.collection.objects.link(placed)
    placed.location = centre
    placed.rotation_euler = (towards - placed.location).to_track_quat("-Z", "Y").to_euler()


def lit() -> None:
    """A window to one side, the room's own light, and a little from behind that parts hair from wall."""
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.90, 0.95, 1.0, 1.0)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.30
    light((-1.1, 0.65, 1.15), 36, 0.8, (1.0, 0.97, 0.93))
    light((1.2, 0.25, 0.9), 6, 0.9, (1.0, 0.92, 0.82))
    light((0.7, 0.9, -0.9), 9, 0.4, (1.0, 0.93, 0.84))
    light((-0.3, 1.3, -0.7), 12, 1.2, (1.0, 0.95, 0.88), Vector((-0.2, 0.1, -1.7)))
    light((0.4, 0.5, -0.9), 2 * math.pi, 0.8, (1.0, 0.9, 0.78), Vector((0.6, 0.1, -1.7)))
