"""Static files in production."""

import re

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage as PlainStorage

from config.storage import StaticFilesStorage


def test_modules_import_each_other_by_hashed_names(tmp_path):
    """After a deploy no browser can mix a new module with an old one that it remembers."""
    files = finders.AppDirectoriesFinder().list([])
    names = [name for name, _ in files if name.startswith("gateway/") and name.endswith(".js")]
    collected = PlainStorage(location=tmp_path)
    for name in names:
        with open(finders.find(name), "rb") as file:
            collected.save(name, file)
    storage = StaticFilesStorage(location=tmp_path, base_url="/static/")

    list(storage.post_process({name: (collected, name) for name in names}))

    client = (tmp_path / storage.stored_name("gateway/client.js")).read_text(encoding="utf-8")
    imported = re.findall(
        r' from "\./([^"]+)"', re.sub(r"/\*.*?\*/", "", client, flags=re.DOTALL)
    )  # types are named in comments
    assert imported
    assert {f"gateway/{name}" for name in imported} <= {storage.stored_name(name) for name in names}
