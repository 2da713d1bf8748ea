"""Names that an edit leaves unbound are imported where it is known whence."""

from kent_agent.source.importing import Importer

FILES = {
    "acme/one.py": "import numpy as np\nfrom acme.errors import LedgerError\n",
    "acme/two.py": "from acme.errors import LedgerError\nimport os.path\n",
    "acme/three.py": "from elsewhere import LedgerError\n",
    "acme/broken.py": "def (:\n",
    "other/one.py": "from other import Far\n",
}
BEFORE = '"""Docs."""\n\nimport re\n\n\ndef f(x):\n    return re.sub("a", "b", x)\n'


def bound(line: str) -> str:
    after = BEFORE.replace("    return", f"    {line}\n    return")
    return Importer(list(FILES), FILES.get).bound("acme/new.py", BEFORE, after)


def test_as_most_files_of_the_folder_import_it() -> None:
    assert "import re\nfrom acme.errors import LedgerError\n" in bound("raise LedgerError(x)")
    assert "import re\nimport numpy as np\n" in bound("x = np.asarray(x)")


def test_modules_of_the_standard_library_are_known() -> None:
    assert "import re\nimport warnings\n" in bound('warnings.warn("old")')


def test_other_names_stay_unbound_and_bound_ones_untouched() -> None:
    for line in ("x = Far(x)", "x = unheard_of(x)", "x = re.compile(x)"):
        after = BEFORE.replace("    return", f"    {line}\n    return")
        assert bound(line) == after


def test_what_was_unbound_before_is_not_the_edits_to_mend() -> None:
    before = "def f():\n    return np.pi\n"
    assert Importer(list(FILES), FILES.get).bound("acme/new.py", before, before + "\n\nX = 1\n").startswith("def f")
