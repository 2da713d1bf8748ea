"""Snippets that use Django run: they have settings, and their models an application and tables."""

import subprocess
import sys

import pytest

from kent_agent.source.exports import Package
from kent_agent.source.scaffold import scaffold
from kent_agent.source.snippets import Snippet, snippets

DJANGO = Package("django", {"slugify": "from django.utils.text import slugify"})
MODELS = """\
Counting is wrong

```python
class Shelf(models.Model):
    name = models.CharField(max_length=20)


class Book(models.Model):
    shelf = models.ForeignKey("Shelf", models.CASCADE)
    readers = models.ManyToManyField(User)
```

```python
>>> shelf = Shelf.objects.create(name="a")
>>> book = Book.objects.create(shelf=shelf)
>>> book.readers.add(User.objects.create(username="ann"))
>>> Book.objects.filter(readers__username="ann").count()
1
```
"""


def printed(snippet: Snippet) -> str:
    """What a snippet prints after its setup, as the sandbox runs them: in one namespace."""
    program = "import sys\nfor code in sys.argv[1:]: exec(code, sys.modules['__main__'].__dict__)"
    command = [sys.executable, "-I", "-c", program, snippet.setup, snippet.code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_models_of_an_issue_have_an_application_and_tables() -> None:
    snippet = snippets(MODELS, DJANGO)[-1]
    assert printed(snippet).split() == ["1"]
    assert "settings and tables for Django" in snippet.repairs
    assert "added: from django.db import models" in snippet.repairs


def test_what_needs_no_database_runs_as_well() -> None:
    (snippet,) = snippets(">>> print(slugify('A b'))\na-b\n", DJANGO)
    assert snippet.setup and printed(snippet) == "a-b\n"


@pytest.mark.parametrize(
    "code",
    [
        "import json\njson.loads('{}')",
        "from django.conf import settings\nsettings.configure()\n",
        "import os\nimport django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\ndjango.setup()",
    ],
)
def test_what_does_not_use_it_or_brings_its_own_has_none(code: str) -> None:
    assert scaffold(code) == ""


def test_the_names_that_its_users_take_for_granted_are_its_own() -> None:
    assert snippets("```python\nmodels.F('x')\n```", Package("acme")) == []
