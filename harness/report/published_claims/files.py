"""Finds the claims of experiments by the sweeps that decide them."""

from __future__ import annotations

from collections.abc import Collection

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from harness.config.folders import conf_dir, plugin_folders
from harness.errors import ConfigError
from harness.report.published_claims.claim import PublishedClaim, parse


def claims_of(sweeps: Collection[str]) -> list[PublishedClaim]:
    """The claims that experiments state, of those whose sweep is among `sweeps`, by name of their file.

    Raises:
        ConfigError: such a claim cannot be read; the message names the file and what is wrong.
    """
    found = []
    for folder in (conf_dir(), *plugin_folders().values()):
        for path in sorted((folder / "experiment").rglob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            if "\nclaim:" not in text:
                continue
            origin = f"conf/{path.relative_to(folder).as_posix()}"
            try:
                content = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
            except (YAMLError, OmegaConfBaseException) as error:
                raise ConfigError(f"{origin} is no YAML: {error}") from error
            assert isinstance(content, dict)  # it has a key
            sweep = content.get("sweep") or path.relative_to(folder / "experiment").with_suffix("").as_posix()
            if sweep in sweeps:
                found.append(parse(str(sweep), content["claim"], origin))
    return found
