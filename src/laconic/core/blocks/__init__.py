"""Data in blocks: whatever holds them, in memory, on disk or on a cluster, a learner sees blocks and their sums.

A learner gives a `Pool` a `Step`, a value that takes one block and its state and returns the new state and a part of a
sum; it gets the sum back. Where blocks lie, and what happens when one of them is lost, it does not know.
"""

from laconic.core.blocks.block import Block, DenseBlock
from laconic.core.blocks.opening import as_source
from laconic.core.blocks.pool import LocalPool, Pool, Step
from laconic.core.blocks.source import ArraySource, FileSource, SlicedSource, Source, SparseSource
from laconic.core.blocks.sparse import SparseBlock
from laconic.core.blocks.sums import Additive, TreeSum
from laconic.core.blocks.survey import Survey

__all__ = [
    "Additive",
    "ArraySource",
    "Block",
    "DenseBlock",
    "FileSource",
    "LocalPool",
    "Pool",
    "SlicedSource",
    "Source",
    "SparseBlock",
    "SparseSource",
    "Step",
    "Survey",
    "TreeSum",
    "as_source",
]
