"""The tour of the README, with the longer one of docs/tour.md and the examples of facts and search behind it, as one script; and the pages for
integrators and about webhooks as others.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
INTEGRATING = ROOT / "docs" / "integrating.md"
WEBHOOKS = ROOT / "docs" / "webhooks.md"
PAGES = (ROOT / "README.md", *(ROOT / "docs" / name for name in ("tour.md", "facts.md", "search.md")))
MARKED = re.compile(r"^<!-- run: (?:tour|integrating|webhooks) -->\n```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def script(line, *pages):
    """The examples of these pages that are marked as run, by default of the tours; `line` is what the demo printed to begin with."""
    commands = "".join(example for page in pages or PAGES for example in MARKED.findall(page.read_text()))
    first = re.search(r"^U=.*$", commands, re.MULTILINE)[0]
    return "set -euo pipefail\n" + commands.replace(first, line)
