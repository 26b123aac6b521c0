"""Curves for TensorBoard, from whatever trains with `on_epoch`."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from laconic.rnn.training.records import EpochRecord

CURVES = {
    "train_loss": "loss/train",
    "valid_loss": "loss/valid",
    "valid_accuracy": "accuracy/valid",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm/mean",
    "largest_gradient_norm": "gradient norm/largest",
    "seconds": "seconds",
}
"""What each field of an `EpochRecord` is called."""


class TensorBoard:
    """Write each epoch's record to a folder that TensorBoard shows.

    Parameters
    ----------
    folder : path
        Made if need be; one folder for each run.

    Raises
    ------
    ImportError
        Without the package tensorboard.

    Examples
    --------
    ::

        with TensorBoard("runs/first") as board:
            RNNClassifier(on_epoch=board).fit(X, y, X_valid, y_valid)
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                f"TensorBoard needs the package tensorboard ({error}): pip install tensorboard"
            ) from error
        self._writer: Any = SummaryWriter(str(folder))

    def __call__(self, record: EpochRecord) -> None:
        """Write what the record holds."""
        for name, curve in CURVES.items():
            value = getattr(record, name)
            if value is not None:
                self._writer.add_scalar(curve, value, record.epoch)
        self._writer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
