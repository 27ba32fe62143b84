"""Errors that a user can cause: what is wrong, where, and what to do next. Anything else is a bug."""

from __future__ import annotations


class DevbenchError(Exception):
    """A problem the user can do something about; shown without a traceback.

    message: what is wrong and where, in one sentence.
    hint: what to do next; empty when the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)  # for those who see a traceback: a notebook, a plugin's author


class NothingMeasuredError(DevbenchError):
    """A run that measured nothing, or could not; it has an exit status of its own."""


class SuiteError(DevbenchError):
    """A suite or lab file that cannot be used; `message` has one line per mistake, each with its place."""


class ModelError(DevbenchError):
    """A model that is not available: not found, not built, or not what its checksum says."""


class NotHereError(DevbenchError):
    """What a case needs is not available on this machine: the case is skipped. It has not failed."""


class RoundError(DevbenchError):
    """A round that gave no result: the worker crashed, hung, was killed or gave an invalid answer.

    phase: what the worker was doing when it was last heard.
    log_tail: the end of what it said on stderr.
    place_lost: whether the place could not be reached, or went away: another day the round may succeed.
    """

    def __init__(
        self, message: str, hint: str = "", *, phase: str = "", log_tail: str = "", place_lost: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.phase = phase
        self.log_tail = log_tail
        self.place_lost = place_lost


class PluginError(DevbenchError):
    """A plugin's own code failed: it raised, hung, ended its process, or gave an invalid answer.

    `message` names the plugin and its distribution. log_tail: the end of what it printed.
    """

    def __init__(self, message: str, hint: str = "", *, log_tail: str = "") -> None:
        super().__init__(message, hint)
        self.log_tail = log_tail


class RunFolderError(DevbenchError):
    """A run folder that is in use, cannot be written, or cannot be read."""


class DamagedError(RunFolderError):
    """A file of a run folder that is not as it was written, or is gone."""


class RecordError(RunFolderError):
    """What was measured cannot be recorded, since it could not be read again. case_id: of which case, if of one."""

    def __init__(self, message: str, hint: str = "", *, case_id: str = "") -> None:
        super().__init__(message, hint)
        self.case_id = case_id


class ResultsFileError(DevbenchError):
    """A results CSV that cannot be used; `message` has one line per mistake, each with its place."""
