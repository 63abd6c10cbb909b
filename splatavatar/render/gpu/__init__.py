"""The rasterizer, the binding and the loops of the bake as Triton kernels: the GPU twins of ``render/native``.

One batch of B views is one launch of every kernel: two eyes, many signals, several pictures of a step of the bake. No
launcher waits for the GPU. The launchers take tensors of any device: on the CPU the kernels run under Triton's
interpreter, which is how they are tested where there is no GPU.
"""

from splatavatar.privacy import keep_triton

keep_triton()
