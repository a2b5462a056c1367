"""Autobahn 6: UTF-8. One difference, in time only: the gateway looks at whole messages, so it fails later (6.4)."""

import pytest

from tests.emulator.autobahn.outcome import arrived, closes
from tests.emulator.backend import Backend
from tests.emulator.raw_client import CONT, PING, PONG, TEXT, Frame, RawClient

UTF8 = "Hello-µ@ßöäüàá-UTF-8!!"
KAPPA = "κόσμε"


# -- 6 UTF-8 ---------------------------------------------------------------------------------------------------------
VALID = [
    *(UTF8, KAPPA, "", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff"),
    *("\ud7ff", "\ue000", "\ufffd", "\ufffe", "\ufdd0", "\U0001fffe", "\U0010fffe", "\ufeff", "a\u0308", "\u00e4"),
]
INVALID = {
    "6.3.1 surrogate in a text": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    "6.4 above U+10FFFF": b"\xf4\x90\x80\x80",
    "6.6.1 first byte only": b"\xce",
    "6.6.3 cut off in the second character": b"\xce\xba\xe1",
    "6.6.4 cut off later": b"\xce\xba\xe1\xbd",
    "6.8.1 five bytes": b"\xf8\x88\x80\x80\x80",
    "6.8.2 six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10.2 largest of five bytes": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10.3 largest of six bytes": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.11.5 above the last": b"\xf4\x90\x80\x80",
    "6.12.1 first continuation byte": b"\x80",
    "6.12.2 last continuation byte": b"\xbf",
    "6.12.8 seven continuation bytes": b"\x80\xbf\x80\xbf\x80\xbf\x80",
    "6.13.1 starts of two, with spaces": b"\xc0 \xc1 \xc2 \xdf ",
    "6.13.2 starts of three": b"\xe0 \xe1 \xef ",
    "6.13.3 starts of four": b"\xf0 \xf4 \xf7 ",
    "6.14.1 two without the last": b"\xc0",
    "6.14.2 three without the last": b"\xe0\x80",
    "6.14.6 four without the last": b"\xf0\x80\x80",
    "6.15.1 all of them": b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80",
    "6.16.1 FE": b"\xfe",
    "6.16.2 FF": b"\xff",
    "6.17.1 overlong slash, two": b"\xc0\xaf",
    "6.17.2 overlong slash, three": b"\xe0\x80\xaf",
    "6.17.3 overlong slash, four": b"\xf0\x80\x80\xaf",
    "6.18.1 largest overlong, two": b"\xc1\xbf",
    "6.18.2 largest overlong, three": b"\xe0\x9f\xbf",
    "6.18.3 largest overlong, four": b"\xf0\x8f\xbf\xbf",
    "6.19.1 overlong zero": b"\xc0\x80",
    "6.20.1 first high surrogate": b"\xed\xa0\x80",
    "6.20.4 last low surrogate": b"\xed\xbf\xbf",
    "6.21.1 paired surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}


@pytest.mark.parametrize("text", VALID, ids=ascii)
def test_case_6_valid(client: RawClient, backend: Backend, text: str) -> None:
    """6.2, 6.5, 6.7, 6.9, 6.11, 6.22 and 6.23: every valid text arrives, non-characters too."""
    client.send(TEXT, text.encode())

    assert arrived(backend) == text.encode()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_case_6_2(client: RawClient, backend: Backend, size: int) -> None:
    """6.2.2 to 6.2.4: fragments may end inside a character."""
    data = (UTF8 + KAPPA).encode()
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for number, part in enumerate(parts):
        client.send(CONT if number else TEXT, part, fin=number == len(parts) - 1)

    assert arrived(backend) == data


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
def test_case_6_invalid(client: RawClient, backend: Backend, data: bytes) -> None:
    """6.3 to 6.21: text that is no UTF-8 closes the connection with 1007."""
    client.send(TEXT, data)

    closes(client, backend, 1007)


def test_case_6_4(client: RawClient, backend: Backend) -> None:
    """6.4 differs in time only: the bad fragment is noticed when its message is complete."""
    client.send(TEXT, KAPPA.encode(), fin=False)
    client.send(CONT, b"\xf4\x90\x80\x80", fin=False)
    client.send(PING, b"still there")
    assert client.receive() == Frame(PONG, b"still there", fin=True)
    client.send(CONT, b"end")

    closes(client, backend, 1007)
