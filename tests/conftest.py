"""Settings shared by every test: one thread a process, reproducible examples, figures drawn off screen."""

import os

from hypothesis import settings

# Before any test loads NumPy or torch: tests run in parallel processes, and no sum may depend on the cores.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn leaves out a check of estimators without it

settings.register_profile("laconic", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("laconic")
