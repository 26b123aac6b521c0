"""Byte sizes as people write them: 1 KB is 1024 bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.checks import ParameterError
from laconic.core.units import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("size", "n_bytes"),
    [
        ("4.06KB", 4157),  # 4.06 KB
        ("4 KiB", 4096),
        ("4k", 4096),
        ("4KB", 4096),
        (" 1.5 mb ", 3 * 2**19),
        ("1MiB", 2**20),
        ("300", 300),
        ("300B", 300),
        (".5KB", 512),
        ("2.KB", 2048),
        ("0.3KB", 307),
        (4157, 4157),
    ],
)
def test_sizes(size, n_bytes):
    assert parse_bytes(size) == n_bytes


@given(st.integers(min_value=1))
def test_whole_numbers_are_exact(n_bytes):
    assert parse_bytes(n_bytes) == n_bytes


@given(st.integers(1, 10**25), st.sampled_from(["B", "b", "", " B"]))
def test_written_bytes_are_exact(n_bytes, unit):
    assert parse_bytes(f"{n_bytes}{unit}") == n_bytes


@given(st.decimals(1, 10**6, places=3), st.sampled_from([("KB", 1), ("kib", 1), ("M", 2), ("MB", 2), ("GB", 3)]))
def test_fractions_are_rounded_down(number, unit):
    assert parse_bytes(f"{number} {unit[0]}") == int(number * 1024 ** unit[1])


@given(st.integers(1, 2**40))
def test_what_is_printed_can_be_read_again(n_bytes):
    unit = next(unit for unit in (2**30, 2**20, 2**10, 1) if n_bytes >= unit)
    assert abs(parse_bytes(format_bytes(n_bytes)) - n_bytes) <= 0.005 * unit + 1


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (1023, "1023 B"), (4152, "4.05 KB"), (2**21, "2.00 MB"), (2**30, "1.00 GB")]
)
def test_printed(n_bytes, text):
    assert format_bytes(n_bytes) == text


BAD = [
    "",
    "KB",
    "4 GBs",
    "4 parsecs",
    "-4KB",
    "0",
    "0.4",
    "4,06KB",
    "1e3",
    "nan",
    0,
    -1,
    True,
    4.5,
    None,
    [4],
    "9" * 5000,
]


@pytest.mark.parametrize("size", BAD, ids=[repr(size)[:12] for size in BAD])
def test_what_is_no_size(size):
    with pytest.raises(ParameterError, match="compress: budget must be a size such as '4KB'"):
        parse_bytes(size, owner="compress", parameter="budget")
