"""An avatar as a mesh that other programs pose: its triangles, their colours, its skin and its shapes."""
