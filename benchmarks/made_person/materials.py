"""What skin, mouth, eyes, teeth, hair and cloth look like."""

from __future__ import annotations

import bpy

from made_person import person
from made_person.nodes import Shader


def skin(textures: str) -> bpy.types.Material:
    """Skin with blush, freckles and pores; darker under the hair, lips and ears by MakeHuman's masks."""
    s = Shader("skin")
    lips, ears = s.picture(textures + "/mpfb_lips.jpg"), s.picture(textures + "/mpfb_ears.jpg")
    c = s.mix(s.math("MULTIPLY", s.noise(38, 0.42, 0.68), 0.35), person.SKIN, person.BLUSH)
    c = s.mix(s.math("MULTIPLY", s.noise(160, 0.5, 0.7), 0.22), c, tuple(0.78 * v for v in person.SKIN))
    c = s.mix(s.math("MULTIPLY", s.noise(420, 0.5, 0.66), 0.16), c, tuple(min(1, 1.22 * v) for v in person.SKIN))
    c = s.mix(s.math("MULTIPLY", s.attribute("blush"), 0.62), c, person.BLUSH)
    c = s.mix(s.math("MULTIPLY", s.attribute("shade"), 0.45), c, tuple(0.62 * v for v in person.BLUSH))
    spots = s.math("MULTIPLY", s.dots(290, 0.42, 0.10), s.attribute("freckles"))
    c = s.mix(s.math("MULTIPLY", spots, 0.42), c, person.FRECKLE)
    moles = s.math("MULTIPLY", s.dots(30, 0.045, 0.012), 0.6)
    c = s.mix(moles, c, tuple(0.7 * v for v in person.FRECKLE))
    c = s.mix(s.math("MULTIPLY", ears, 0.4), c, person.BLUSH)
    lip = s.mix(s.noise(260, 0.35, 0.7), person.LIP, tuple(0.75 * v for v in person.LIP))
    c = s.mix(s.math("MULTIPLY", lips, 0.9), c, lip)
    c = s.mix(s.math("MULTIPLY", s.attribute("brow"), 0.30), c, person.BROW)
    c = s.mix(s.math("MULTIPLY", s.attribute("lid"), 0.5), c, person.LASH)
    c = s.mix(s.math("MULTIPLY", s.attribute("scalp"), 0.85), c, tuple(1.2 * v for v in person.HAIR_ROOT))
    gloss = s.math("SUBTRACT", s.ramp(s.noise(300, 0, 1), 0, 1, 0.40, 0.56), s.math("MULTIPLY", lips, 0.14))
    s.set(Base_Color=c, Roughness=gloss, Subsurface_Weight=0.22, Subsurface_Radius=(1.0, 0.35, 0.2))
    s.set(Subsurface_Scale=0.0055, Specular_IOR_Level=0.42)
    pores = s.math("ADD", s.noise(1500, 0, 1, 3), s.math("MULTIPLY", s.noise(430, 0, 1, 3), 1.4))
    wrinkles = s.node("TexNoise")
    wrinkles.inputs["Scale"].default_value = 900
    s.put(s.rest(), wrinkles.inputs["Vector"])
    s.bump(s.math("ADD", pores, s.math("MULTIPLY", s.math("MULTIPLY", wrinkles.outputs[0], lips), 2.5)), 0.20, 0.0006)
    return s.material


def mouth() -> bpy.types.Material:
    """The inside of the mouth: wet, and darker the deeper."""
    s = Shader("mouth")
    s.set(Base_Color=s.mix(s.attribute("deep"), (0.26, 0.05, 0.045), (0.025, 0.004, 0.004)), Roughness=0.35)
    return s.material


def tongue() -> bpy.types.Material:
    s = Shader("tongue")
    colour = s.mix(s.noise(500, 0.4, 0.7), (0.40, 0.105, 0.095), (0.52, 0.20, 0.18))
    s.set(Base_Color=s.mix(s.attribute("deep"), colour, (0.05, 0.01, 0.01)), Roughness=0.36)
    s.set(Subsurface_Weight=0.2, Subsurface_Radius=(1.0, 0.3, 0.2), Subsurface_Scale=0.004)
    s.bump(s.noise(1100, 0.3, 0.7), 0.35, 0.0008)
    return s.material


def tooth() -> bpy.types.Material:
    """Enamel: warmer at the gum, a little see-through at the edge; dark at the back of the mouth."""
    s = Shader("tooth")
    c = s.mix(s.attribute("gumward"), (0.84, 0.80, 0.72), (0.74, 0.62, 0.46))
    c = s.mix(s.math("MULTIPLY", s.noise(240, 0.4, 0.7), 0.2), c, (0.66, 0.57, 0.43))
    c = s.mix(s.attribute("deep"), c, (0.10, 0.07, 0.05))
    s.set(Base_Color=c, Roughness=0.16, Subsurface_Weight=0.25, Subsurface_Scale=0.0015, Coat_Weight=0.4)
    return s.material


def gum() -> bpy.types.Material:
    s = Shader("gum")
    c = s.mix(s.noise(350, 0.4, 0.7), (0.48, 0.145, 0.13), (0.36, 0.09, 0.085))
    s.set(Base_Color=s.mix(s.attribute("deep"), c, (0.05, 0.01, 0.01)), Roughness=0.28)
    s.set(Subsurface_Weight=0.2, Subsurface_Radius=(1.0, 0.3, 0.2), Subsurface_Scale=0.003)
    return s.material


def eye() -> bpy.types.Material:
    """By the angle from the way it looks: pupil, iris with fibres and a dark rim, sclera with veins."""
    s = Shader("eye")
    angle = s.attribute("angle")
    fibre = s.node("TexNoise")
    fibre.inputs["Scale"].default_value = 9
    fibre.inputs["Detail"].default_value = 5
    s.put(s.attribute("fibre", "Vector"), fibre.inputs["Vector"])
    bright = s.ramp(fibre.outputs[0], 0.36, 0.66)
    outer = s.mix(bright, tuple(0.35 * v for v in person.IRIS), tuple(min(1, 1.5 * v) for v in person.IRIS))
    inner = s.mix(bright, tuple(0.5 * v for v in person.IRIS_INNER), tuple(1.3 * v for v in person.IRIS_INNER))
    iris = s.mix(s.ramp(angle, 0.20, 0.30), inner, outer)
    iris = s.mix(s.ramp(angle, 0.37, 0.425), iris, (0.014, 0.016, 0.012))
    veins = s.math("MULTIPLY", s.noise(420, 0.55, 0.62, 6, s.attribute("fibre", "Vector")), s.ramp(angle, 0.6, 1.1))
    white = s.mix(s.math("MULTIPLY", s.ramp(angle, 0.45, 1.2), 0.5), (0.70, 0.66, 0.63), (0.62, 0.43, 0.38))
    white = s.mix(s.math("MULTIPLY", veins, 0.35), white, (0.5, 0.10, 0.08))
    c = s.mix(s.ramp(angle, 0.415, 0.455), iris, white)
    c = s.mix(s.ramp(angle, 0.165, 0.150), c, (0.001, 0.001, 0.001))
    s.set(Base_Color=c, Roughness=0.28, Coat_Weight=1.0, Coat_Roughness=0.02, Specular_IOR_Level=0.3)
    return s.material


def hair() -> bpy.types.Material:
    """Chestnut, lighter towards the tips and from strand to strand."""
    s = Shader("hair")
    info = s.node("HairInfo")
    s.tree.nodes.remove(s.surface)
    along = s.math("MULTIPLY", s.ramp(info.outputs["Intercept"], 0.25, 1.0), 0.62)
    tone = s.math("MULTIPLY", s.attribute("tone"), 0.36)
    colour = s.mix(s.math("ADD", s.math("ADD", along, tone), 0.12), person.HAIR_ROOT, person.HAIR_TIP)
    strand = s.node("BsdfHairPrincipled")
    strand.parametrization = "COLOR"
    s.put(colour, strand.inputs["Color"])
    strand.inputs["Roughness"].default_value = 0.34
    strand.inputs["Radial Roughness"].default_value = 0.45
    s.put(strand.outputs[0], s.tree.nodes["Material Output"].inputs["Surface"])
    return s.material


def stiff(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    """Brows and lashes."""
    s = Shader(name)
    s.set(Base_Color=colour, Roughness=0.5)
    return s.material


def cloth() -> bpy.types.Material:
    """Ribbed jersey with stripes around the body."""
    s = Shader("cloth")
    split = s.node("SeparateXYZ")
    s.put(s.rest(), split.inputs[0])
    wave = s.math("SINE", s.math("MULTIPLY", s.math("ADD", split.outputs[1], 0.004), 215.0))
    c = s.mix(s.ramp(wave, 0.30, 0.42), person.SHIRT, person.STRIPE)
    c = s.mix(s.math("MULTIPLY", s.noise(900, 0.4, 0.7), 0.25), c, (0.35, 0.34, 0.32))
    s.set(Base_Color=c, Roughness=0.85, Sheen_Weight=0.25)
    rib = s.math("SINE", s.math("MULTIPLY", split.outputs[0], 3000.0))
    s.bump(s.math("ADD", s.math("MULTIPLY", rib, 0.35), s.noise(260, 0, 1, 4)), 0.35, 0.0012)
    return s.material
