"""Generate two clients with public generators, and drive the first part of the tour with each against a service.

    python -m bench clients http://127.0.0.1:8000 CLIENT_ID CLIENT_SECRET

It needs `openapi-python-client`, and for TypeScript `npx` and a folder in which npm has installed openapi-typescript, openapi-fetch
and typescript (`--node FOLDER`). A generator that is missing is named and left out; `--all` makes that an error. `coopapi demo`
prints the id and the secret of a client.
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
PACKAGE = "coopapi_client"


def main() -> None:
    """Check what is there."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("service", nargs=3, metavar=("URL", "CLIENT_ID", "CLIENT_SECRET"))
    options.add_argument("--python-generator", default="openapi-python-client")
    options.add_argument("--node", type=Path, default=Path())
    options.add_argument("--all", action="store_true", help="fail if a generator is missing")
    chosen = options.parse_args()
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        if generator := shutil.which(chosen.python_generator):
            check_python(generator, Path(folder), chosen.service)
        else:
            missing.append(chosen.python_generator)
        if (chosen.node / "node_modules" / "openapi-typescript").is_dir() and shutil.which("npx"):
            check_typescript(chosen.node.resolve(), chosen.service)
        else:
            missing.append("npx with openapi-typescript")
    print(f"missing: {', '.join(missing)}" if missing else "both clients were generated and drive the tour")
    sys.exit(1 if missing and chosen.all else 0)


def check_python(generator: str, folder: Path, service: list[str]) -> None:
    """Generate the client in Python, count classes that double another one, and drive the tour."""
    target = folder / PACKAGE
    said = run(generator, "generate", "--path", DOCUMENT, "--output-path", target, "--meta", "none")
    doubled = doubles(target / "models")
    left_out = said.count("unsupported") + said.count("Could not parse")
    print(
        f"openapi-python-client: {len(list((target / 'models').glob('*.py')))} models, {len(doubled)} doubled, {left_out} left out"
    )
    if doubled or left_out:
        sys.exit(f"doubled: {doubled}\n{said}")
    interpreter = Path(generator).resolve().parent / "python"
    print(
        run(
            interpreter if interpreter.exists() else sys.executable,
            HERE / "client_tour.py",
            *service,
            env={"PYTHONPATH": str(folder)},
        )
    )


def doubles(models: Path) -> list[str]:
    """Name the lists of more than one code that another class has too, and the classes to which the generator gave a number."""
    lists = {}
    for path in models.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                lists[node.name] = tuple(ast.unparse(one.value) for one in node.body if isinstance(one, ast.Assign))
    often = Counter(codes for codes in lists.values() if len(codes) > 1)
    return sorted(name for name, codes in lists.items() if often[codes] > 1 or name[-1].isdigit())


def check_typescript(node: Path, service: list[str]) -> None:
    """Generate the types for TypeScript, compile a tour against them, and drive it."""
    with tempfile.TemporaryDirectory(dir=node) as name:
        folder = Path(name)
        run("npx", "openapi-typescript", DOCUMENT, "-o", folder / "schema.d.ts", cwd=node)
        shutil.copy(HERE / "client_tour.ts", folder / "tour.mts")
        flags = ("--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext")
        run("npx", "tsc", *flags, "--lib", "es2022,dom", folder / "tour.mts", cwd=node)
        print(run("node", folder / "tour.mjs", *service, cwd=node))


def run(*words: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program and return what it says, or end with what it says."""
    asked = [str(word) for word in words]
    done = subprocess.run(asked, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{asked[0]} failed\n{done.stdout}{done.stderr}")
    return (done.stdout + done.stderr).strip()


if __name__ == "__main__":
    main()
