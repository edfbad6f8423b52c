"""The tour of the README as one script."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def script(line):
    """The commands under "Five minutes"; `line` is what the demo printed to begin with."""
    part = README.read_text().split("## Five minutes")[1].split("\n## ")[0]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", part, re.DOTALL))
    first = re.search(r"^U=.*$", commands, re.MULTILINE)[0]
    return "set -euo pipefail\n" + commands.replace(first, line)
