"""Files and folders as users name them: one rule for environment variables and options.

A leading `~` is the home folder and `~name` that of a user, as in a shell; everything else is taken as it is written,
whatever characters it holds. A variable that is set and empty counts as not set; an option that is empty is an error,
never the working folder, which is written as `.`.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from harness.errors import ConfigError


def user_path(given: str | Path, name: str) -> Path:
    """The path that a user means.

    Args:
        given: as written.
        name: of the option or variable, for messages.

    Raises:
        ConfigError: it is empty, too long or out of reach, or begins with `~` and this user has no home folder.
    """
    text = os.fspath(given)
    if not text.strip():
        raise ConfigError(
            f"{name} is empty, as when a shell variable that is not set stands after '='. Give a path; '.' is the "
            "working folder."
        )
    if "\0" in text:
        raise ConfigError(f"{name}={text!r} holds a NUL character, which no path can.")
    if text == "~" or text.startswith("~/"):
        path = Path(home(f"{name}={text}"), text[2:])
    else:
        path = Path(os.path.expanduser(text))
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):  # those are for whoever wants what is there
            raise ConfigError(f"{name} names a path that cannot be used ({error.strerror}): '{path}'.") from error
    return path


def variable_path(name: str) -> Path | None:
    """The path in an environment variable; None if it is not set or blank.

    Raises:
        ConfigError: as `user_path`.
    """
    text = os.environ.get(name, "")
    return user_path(text, name) if text.strip() else None


def home(wanted_for: str, remedy: str = "Set HOME, or write the path from / on.") -> Path:
    """The user's home folder.

    Args:
        wanted_for: what cannot be done without one, for the message.
        remedy: what to do, for the message.

    Raises:
        ConfigError: HOME is not set, and the system knows no such user.
    """
    found = os.environ.get("HOME") or _listed_home()
    if not found:
        raise ConfigError(
            f"{wanted_for}: there is no home folder, as HOME is not set and this user is not in the system's list. "
            + remedy
        )
    return Path(found)


def _listed_home() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user without an entry
        return ""
