"""Codes of several modalities written to a file, block by block, and what there is to say of them."""

import numpy as np
from rich.console import Console

from laconic.cli.counting import CountingProgress
from laconic.cli.results import ResultFolder
from laconic.cli.sensor_samples import SensorSamples
from laconic.estimators import MultimodalDictionary
from laconic.report.sensors import Tally


def write_sensor_codes(
    model: MultimodalDictionary, samples: SensorSamples, folder: ResultFolder, console: Console
) -> Tally:
    """Write the codes of all samples, `codes_NAME` (n, n_atoms), and their standard deviations, `std_NAME`."""
    tally = Tally(model, samples.n)
    with CountingProgress(console, "codes", samples.n) as progress:
        for first, X in samples.blocks():
            means, deviations = model.codes(X, return_std=True)
            for name, n_atoms in model.n_atoms_.items():
                for kind, found in (("codes", means[name]), ("std", deviations[name])):
                    array = np.asarray(found)
                    folder.rows(f"{kind}_{name}", (samples.n, n_atoms), array.dtype).append(array)
            tally.add(first, X, means)
            progress.update(first + len(next(iter(X.values()))))
    return tally
