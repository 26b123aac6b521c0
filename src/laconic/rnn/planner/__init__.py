"""From a budget to a network: a search over cells, methods, widths and learning rates."""

from importlib import import_module

try:
    import_module("optuna")
except ImportError as error:
    raise ImportError(f"laconic.rnn.planner needs Optuna ({error}): pip install 'laconic[search]'") from error

from laconic.rnn.planner.crew import SearchFailedError
from laconic.rnn.planner.front import Finding, pareto
from laconic.rnn.planner.search import Plan, Progress, plan
from laconic.rnn.planner.shared import forget
from laconic.rnn.planner.space import Option
from laconic.rnn.planner.wish import Wish

__all__ = ["Finding", "Option", "Plan", "Progress", "SearchFailedError", "Wish", "forget", "pareto", "plan"]
