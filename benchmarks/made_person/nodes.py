"""Shader nodes in few words. Blender's Python alone can import this and the files that use it."""

from __future__ import annotations

from typing import Any

import bpy


class Shader:
    """A material with a Principled BSDF, and the nodes in front of it."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]

    def node(self, kind: str, **values: Any) -> Any:
        made = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def put(self, value: Any, socket: Any) -> None:
        """Links an output to ``socket``, or sets it to a number or a colour."""
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif isinstance(value, tuple) and len(value) == 3 and len(socket.default_value) == 4:
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def set(self, **inputs: Any) -> None:
        """Inputs of the surface, with _ for a space."""
        for name, value in inputs.items():
            self.put(value, self.surface.inputs[name.replace("_", " ")])

    def attribute(self, name: str, output: str = "Fac") -> Any:
        return self.node("Attribute", attribute_name=name).outputs[output]

    def rest(self) -> Any:
        """Where a point is on the person at rest: textures lie still on the skin, without seams."""
        return self.attribute("rest", "Vector")

    def noise(self, scale: float, low: float, high: float, detail: float = 4, where: Any = None) -> Any:
        """Noise of ``scale`` a metre; what lies between ``low`` and ``high`` becomes 0 to 1."""
        made = self.node("TexNoise")
        made.inputs["Scale"].default_value = scale
        made.inputs["Detail"].default_value = detail
        self.put(self.rest() if where is None else where, made.inputs["Vector"])
        return self.ramp(made.outputs[0], low, high)

    def dots(self, scale: float, size: float, edge: float) -> Any:
        """Round dots of uneven size around the points of a Voronoi pattern."""
        made = self.node("TexVoronoi")
        made.inputs["Scale"].default_value = scale
        self.put(self.rest(), made.inputs["Vector"])
        shade = self.node("SeparateColor")
        self.put(made.outputs["Color"], shade.inputs[0])
        reach = self.math("MULTIPLY", shade.outputs[0], size)
        far = self.math("SUBTRACT", made.outputs["Distance"], reach)
        return self.ramp(far, edge, -edge)

    def ramp(self, value: Any, low: float, high: float, first: float = 0.0, last: float = 1.0) -> Any:
        made = self.node("MapRange")
        self.put(value, made.inputs[0])
        for place, number in enumerate((low, high, first, last), 1):
            made.inputs[place].default_value = number
        return made.outputs[0]

    def math(self, operation: str, first: Any, second: Any = 0.0) -> Any:
        made = self.node("Math", operation=operation)
        self.put(first, made.inputs[0])
        self.put(second, made.inputs[1])
        return made.outputs[0]

    def mix(self, share: Any, first: Any, second: Any) -> Any:
        made = self.node("Mix", data_type="RGBA")
        for socket, value in ((0, share), (6, first), (7, second)):
            self.put(value, made.inputs[socket])
        return made.outputs[2]

    def bump(self, height: Any, strength: float, distance: float) -> None:
        made = self.node("Bump")
        made.inputs["Strength"].default_value = strength
        made.inputs["Distance"].default_value = distance
        self.put(height, made.inputs["Height"])
        self.put(made.outputs[0], self.surface.inputs["Normal"])

    def picture(self, path: str) -> Any:
        """A grey mask by the texture coordinates of the mesh."""
        made = self.node("TexImage", image=bpy.data.images.load(path))
        made.image.colorspace_settings.name = "Non-Color"
        self.put(self.node("UVMap").outputs[0], made.inputs["Vector"])
        return made.outputs["Color"]


def plain(name: str, colour: tuple[float, float, float], roughness: float, **inputs: Any) -> bpy.types.Material:
    """A material of one colour."""
    made = Shader(name)
    made.set(Base_Color=colour, Roughness=roughness, **inputs)
    return made.material
