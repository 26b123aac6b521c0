"""Several modalities at once: the exact Gaussian posterior of each, and EM over the scales that they share.

With y_j = D_j' x_j + v, v ~ N(0, s_j² I), x_j ~ N(0, diag(T_j gamma)) for every modality j (arXiv:1804.03740).
"""

from laconic.sbl.modal.codes import infer, started
from laconic.sbl.modal.posterior import Posterior, View
from laconic.sbl.modal.predict import predict
from laconic.sbl.modal.scales import Update, updated
from laconic.sbl.modal.sensor import Readings, Sensor

__all__ = ["Posterior", "Readings", "Sensor", "Update", "View", "infer", "predict", "started", "updated"]
