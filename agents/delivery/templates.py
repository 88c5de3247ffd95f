"""The templates of chat robots: the packaged ones, and those that people name."""

from importlib.resources import files
from pathlib import Path

from models.chat import ChatTemplate, parse_template
from models.datafile import fail
from models.receivers import Platform


def template_of(kind: Platform, path: Path | None = None) -> ChatTemplate:
    """Return the template of a platform, or the one in the file that is named instead.

    Raises:
        DataFileError: it cannot be read, or is wrong.
    """
    if path is None:
        name = f"{kind}.yaml"
        source = files("agents.delivery").joinpath("templates", name).read_text(encoding="utf-8")
        return parse_template(source, name)
    try:
        return parse_template(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        fail(str(path), "", f"cannot be read ({error})", "name a readable template in UTF-8")
