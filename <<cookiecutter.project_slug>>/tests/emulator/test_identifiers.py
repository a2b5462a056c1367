"""Ids as AWS makes them (AWS facts 1.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.identifiers import Identifiers, is_well_formed


@given(st.binary(min_size=11, max_size=11))
def test_form(data: bytes) -> None:
    """AWS facts, checklist 9: whatever the bytes, an id has 16 characters, the last one `=`, and is well formed."""
    made = Identifiers(lambda _: data).opaque()

    assert (len(made), made[-1]) == (16, "=")
    assert is_well_formed(made)


@pytest.mark.parametrize("data", [b"\xff" * 11, b"\xfb\xef\xbe" * 4])
def test_alphabet(data: bytes) -> None:
    """AWS facts 1.6: `-` and `_` occur, `+` and `/` never."""
    made = Identifiers(lambda size: data[:size]).opaque()

    assert set(made) & set("-_")
    assert not set(made) & set("+/")


def test_ids_differ() -> None:
    """No two ids are the same."""
    identifiers = Identifiers()

    assert len({identifiers.opaque() for _ in range(1000)}) == 1000


def test_trace_id() -> None:
    """AWS facts 2.1: the trace id holds the second and 24 hex digits."""
    assert Identifiers(lambda size: b"\xab" * size).trace_id(1_700_000_000.9) == "Root=1-6553f100-" + "ab" * 12


@pytest.mark.parametrize("text", ["", "=", "a=", "abcde", "a b=", "é===", "a\n==", "x" * 129, "AAAA=AAA"])
def test_malformed(text: str) -> None:
    """AWS facts 6.2: what cannot be an id is malformed."""
    assert not is_well_formed(text)
