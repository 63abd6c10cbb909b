"""What a parametric body is: the ``Rig`` arrays, how they are posed, and one loader a body model."""
