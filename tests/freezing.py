"""Freeze a small database with data at the present revision, once that revision is released.

    python tests/freezing.py FOLDER

FOLDER is the data folder of a running demo (`coopapi demo --data-dir FOLDER`). Written are `tests/frozen/REVISION.sql.gz` and the
key file beside it; all of it is synthetic. A frozen database never changes: `tests/test_frozen.py` upgrades and uses each of them.
"""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

from coopapi.provisioning import migration
from coopapi.provisioning.embedded_postgres import Embedded

FROZEN = Path(__file__).with_name("frozen")


def freeze(folder):
    postgres = Embedded(folder)
    url = postgres.url("coopapi").replace("+psycopg2", "")
    dumped = subprocess.run(
        [postgres.bin / "pg_dump", "--no-owner", "--no-privileges", "--restrict-key=frozen", url], capture_output=True, check=True
    )
    target = FROZEN / f"{migration.newest_revision()}.sql.gz"
    with gzip.GzipFile(target, "wb", mtime=0) as file:
        file.write(dumped.stdout)
    shutil.copyfile(folder / "keys.json", target.with_name(f"{migration.newest_revision()}.keys.json"))


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
