"""Looks at the answers before a file is written; each bad one is refused with a sentence that names it and the remedy."""

# Everybody waits for this hook: json or re would double its time.
import keyword
import sys
import unicodedata

# As JSON spells them. tojson escapes single quotes and no double ones, so the quotes here must be single.
# fmt: off
ANSWERS = {
    "project_name": r'<<cookiecutter.project_name|tojson>>',
    "project_slug": r'<<cookiecutter.project_slug|tojson>>',
    "description": r'<<cookiecutter.description|tojson>>',
    "author": r'<<cookiecutter.author|tojson>>',
    "domain_name": r'<<cookiecutter.domain_name|tojson>>',
    "websocket_domain": r'<<cookiecutter.websocket_domain|tojson>>',
    "aws_region": r'<<cookiecutter.aws_region|tojson>>',
    "routes": r'<<cookiecutter.routes|tojson>>',
}
# fmt: on

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
DIGITS = frozenset("0123456789")
MAX_ROUTE = 64
MAX_HOST_LABEL = 63

TEXTS = ("project_name", "description", "author")
DOMAINS = ("domain_name", "websocket_domain")

BUILT_IN_ROUTES = ("connect", "disconnect", "default")
NAMES_IN_USE = (
    "all_permissions_required", "args", "as_view", "aws_api_gateway_id", "body", "can_join_channel", "dict",
    "dispatch", "event", "handler", "handler_selection_key", "handlers", "http_method_names",
    "http_method_not_allowed", "kwargs", "on_connect", "on_disconnect", "options", "permissions_required",
    "prepare", "request", "route_selection_key", "select_subprotocol", "setup", "str", "view_is_async",
    "websocket_session",
)  # fmt: skip
"""Names that the generated view uses for something else: a handler so called would take the place of it."""


def text_of(literal):
    """The text that a JSON string stands for; characters beyond 16 bits are two escapes there.

    >>> text_of(r'"a\\u0027b \\ud83c\\udf89"')
    "a'b 🎉"
    """
    units = literal[1:-1].encode("ascii").decode("unicode_escape")
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def is_made_of(text, characters):
    """Whether there is at least one, and no other.

    >>> [is_made_of(text, DIGITS) for text in ("12", "", "1x")]
    [True, False, False]
    """
    return bool(text) and characters.issuperset(text)


def refused_texts(answers):
    """Characters that a line of a file cannot hold.

    >>> list(refused_texts({"project_name": "Chat 🎉", "description": "", "author": "A"}))
    []
    >>> len(list(refused_texts({"project_name": " ", "description": "two\\nlines", "author": "A"})))
    2
    """
    for name in TEXTS:
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in answers[name]):
            yield f"{name} holds a line break or another control character: give it as one line of text."
    if not answers["project_name"].strip():
        yield "project_name is empty: give the project a title."


def refused_slug(slug):
    """The folder's name.

    >>> list(refused_slug("my-app_2"))
    []
    >>> len(list(refused_slug("My App")))
    1
    """
    if not (is_made_of(slug, LETTERS | DIGITS | {"_", "-"}) and slug[0] in LETTERS):
        yield (
            f"project_slug {slug!r} cannot name the folder: begin with a lower-case letter and go on with lower-case"
            " letters, digits, - and _."
        )


def is_host_name(text):
    """Whether `text` can be looked up: labels of letters, digits and hyphens, the last of them not a number.

    >>> [is_host_name(text) for text in ("ws.example.com", "Example.com", "localhost", "a_b.com", "https://a.com", "10.0.0.1")]
    [True, True, False, False, False, False]
    """
    labels = text.lower().split(".")
    well_formed = all(is_host_label(label) for label in labels)
    return well_formed and len(labels) > 1 and len(text) <= 253 and not labels[-1].isdigit()


def is_host_label(label):
    inside = is_made_of(label, LETTERS | DIGITS | {"-"}) and len(label) <= MAX_HOST_LABEL
    return inside and label[0] != "-" and label[-1] != "-"


def refused_domains(answers):
    for name in DOMAINS:
        if not is_host_name(answers[name]):
            yield (
                f"{name} {answers[name]!r} is not a host name: give one such as ws.example.com, without https://, port or"
                " path (names in other scripts as xn--...)."
            )


def refused_region(region):
    """Two to four words and a number, as in eusc-de-east-1.

    >>> list(refused_region("us-gov-west-1"))
    []
    >>> [len(list(refused_region(text))) for text in ("Frankfurt", "us-east", "us-east-1a", "u-east-1", "us--east-1")]
    [1, 1, 1, 1, 1]
    """
    *words, number = region.split("-")
    words_fit = 2 <= len(words) <= 4 and all(is_made_of(word, LETTERS) for word in words) and 2 <= len(words[0]) <= 4
    if not (words_fit and is_made_of(number, DIGITS) and len(number) <= 2):
        yield f"aws_region {region!r} is not the name of an AWS region: give one such as us-east-1 or eu-central-1."


def names_of(routes):
    """The route names in the answer; empty ones do not count, so a lone comma means none.

    >>> names_of("chat_message, fetch_history"), names_of(",")
    (['chat_message', 'fetch_history'], [])
    """
    return [name for name in (part.strip() for part in routes.split(",")) if name]


def refused_routes(routes):
    """Routes become methods of the view and names in JSON, so they must be fit for both.

    >>> list(refused_routes("chat_message, fetch_history"))
    []
    >>> len(list(refused_routes("a b, class, default, dispatch, x, x")))
    5
    """
    names = names_of(routes)
    for name in dict.fromkeys(names):
        reason = why_not_a_route(name)
        if reason:
            yield f"routes: {name!r} {reason}."
        if names.count(name) > 1:
            yield f"routes: {name!r} is there twice: name it once."


def is_route(name):
    """Fit for a method and for a value in JSON.

    >>> [is_route(name) for name in ("a", "a" * 64, "a" * 65, "_a", "1a", "a-b", "")]
    [True, True, False, False, False, False, False]
    """
    return is_made_of(name, LETTERS | DIGITS | {"_"}) and name[0] in LETTERS and len(name) <= MAX_ROUTE


def why_not_a_route(name):
    """What is wrong with one name and what to do, or None."""
    if not is_route(name):
        return (
            "cannot name a route: use at most 64 lower-case letters, digits and _, begin with a letter, and put commas"
            " between names"
        )
    if name in BUILT_IN_ROUTES:
        return "is there in every project: leave it out"
    if keyword.iskeyword(name):
        return f"is a word of the Python language: take another name, such as {name}_message"
    if name in NAMES_IN_USE:
        return f"is a name the view itself uses: take another, such as {name}_message"
    return None


def refusals(answers):
    """Every reason against the answers, one sentence each."""
    return [
        *refused_texts(answers),
        *refused_slug(answers["project_slug"]),
        *refused_domains(answers),
        *refused_region(answers["aws_region"]),
        *refused_routes(answers["routes"]),
    ]


def main():
    found = refusals({name: text_of(literal) for name, literal in ANSWERS.items()})
    for sentence in found:
        print(sentence, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
