"""C99 from a graph: kernels in real files, a model as constants and calls of them."""
