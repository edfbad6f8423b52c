"""Generate a client with openapi-python-client, and drive the first part of the tour with it against a service.

    python -m bench clients http://127.0.0.1:8000 CLIENT_ID CLIENT_SECRET

It shows that a public generator takes the whole API document. `coopapi demo` prints the id and the secret of a client.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "openapi" / "openapi.json"
PACKAGE = "generated_client"


def main() -> None:
    """Generate the client, count classes that double another one, and drive the tour."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("service", nargs=3, metavar=("URL", "CLIENT_ID", "CLIENT_SECRET"))
    options.add_argument("--generator", default="openapi-python-client")
    chosen = options.parse_args()
    generator = shutil.which(chosen.generator) or sys.exit(f"{chosen.generator} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / PACKAGE
        said = run(generator, "generate", "--path", DOCUMENT, "--output-path", target, "--meta", "none")
        doubled = doubles(target / "models")
        left_out = said.count("unsupported") + said.count("Could not parse")
        models = len(list((target / "models").glob("*.py")))
        print(f"openapi-python-client: {models} models, {len(doubled)} doubled, {left_out} left out")
        if doubled or left_out:
            sys.exit(f"doubled: {doubled}\n{said}")
        interpreter = Path(generator).resolve().parent / "python"
        python = interpreter if interpreter.exists() else sys.executable
        print(run(python, HERE / "client_tour.py", *chosen.service, env={"PYTHONPATH": folder}))


def doubles(models: Path) -> list[str]:
    """Name the lists of more than one code that another class has too, and the classes to which the generator gave a number."""
    lists = {}
    for path in models.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                lists[node.name] = tuple(ast.unparse(one.value) for one in node.body if isinstance(one, ast.Assign))
    often = Counter(codes for codes in lists.values() if len(codes) > 1)
    return sorted(name for name, codes in lists.items() if often[codes] > 1 or name[-1].isdigit())


def run(*words: object, env: dict[str, str] | None = None) -> str:
    """Run a program and return what it says, or end with what it says."""
    asked = [str(word) for word in words]
    done = subprocess.run(asked, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{asked[0]} failed\n{done.stdout}{done.stderr}")
    return (done.stdout + done.stderr).strip()


if __name__ == "__main__":
    main()
