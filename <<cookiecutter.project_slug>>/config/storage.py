"""How static files are named in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with a hash of the content, in the imports of JavaScript modules too.

    Without that a browser would mix a new module with an old one from its cache after a deploy.
    """

    support_js_module_import_aggregation = True
