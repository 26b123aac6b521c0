"""Recurrent cells: how gates make the next state, once the products with input and state are known."""

from laconic.deploy.cells.cell import Cell
from laconic.deploy.cells.fastgrnn import FastGRNN
from laconic.deploy.cells.fastrnn import FastRNN
from laconic.deploy.cells.gru import GRU
from laconic.deploy.cells.lstm import LSTM
from laconic.deploy.cells.rnn import RNN

CELLS: dict[str, Cell] = {cell.name: cell for cell in (LSTM(), GRU(), RNN(), FastRNN(), FastGRNN())}
"""Every cell by name; a new one adds its file and its word here, and a function in ``c/runtime/laconic_cells.h`` and in
``exchange/cells.py``."""

__all__ = ["CELLS", "Cell"]
