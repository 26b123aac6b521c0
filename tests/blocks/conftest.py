import pytest
from blocks.sources import cluster_of


@pytest.fixture(scope="session")
def client():
    """A client of two processes, which every test of clusters uses that ends none of them."""
    distributed = pytest.importorskip("distributed")
    with cluster_of(2) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client
