"""What a user may have to mend. Every message is one sentence that names the thing and the remedy."""


class KentError(Exception):
    """An expected failure; commands print its message alone and exit with code 2."""


class DatasetError(KentError):
    """A split that is unknown, unreachable or malformed."""


class WorkspaceError(KentError):
    """A repository, commit or file that cannot be read."""


class PatchError(KentError):
    """A diff that does not parse or does not apply to its base commit."""


class RunError(KentError):
    """A run that cannot start or go on: options that changed, an output that cannot be written."""


class HarnessError(KentError):
    """An evaluation that cannot run: no daemon, no image, no report."""


class LocateError(KentError):
    """A place that cannot be looked for: no issue, no repository."""
