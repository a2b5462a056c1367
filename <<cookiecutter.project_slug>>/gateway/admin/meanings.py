"""What the numbers of the protocols mean, in a few words."""

from typing import Final

CLOSE_CODES: Final[dict[str, str]] = {
    "1000": "closed as agreed: by the page, or by Django",
    "1001": "ten idle minutes, two hours, or the page was left",
    "1002": "the protocol was violated",
    "1003": "a binary message",
    "1005": "closed by the client, which gave no code",
    "1006": "the network broke",
    "1007": "a text that is not UTF-8",
    "1008": "a rule was violated",
    "1009": "a message or a frame was too large",
    "1011": "the server failed",
    "3xxx": "a code of a library",
    "4xxx": "a code of the page's own",
    "none": "API Gateway gave no code",
}

STATUSES: Final[dict[str, str]] = {
    "0": "no answer",
    "400": "a malformed request or connection id",
    "403": "the signature or the role is refused",
    "404": "nothing is at this address",
    "410": "the connection is gone, or not there yet",
    "413": "the message is too large",
    "429": "throttled",
    "500": "an error of AWS",
    "502": "an error of AWS",
    "503": "an error of AWS",
    "504": "an error of AWS",
}
