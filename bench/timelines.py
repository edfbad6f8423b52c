"""Measure pages of timelines: of one case with 100 to 100,000 entries, and of 1 to 100 cases that are merged.

    python -m bench timelines [--sizes 100,1000,10000,100000] [--merged 1,10,100] [--entries 1000] [--times 40]

Half of the entries are acts, half are facts. All questions are asked in turn on one service, and each is compared with the same
question about the smallest case, or about one case: the output is the median in milliseconds and this ratio.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg2

from bench.investigations import send, service
from coopapi.provisioning.embedded_postgres import Embedded

PAGE = "limit=50"
QUESTIONS = {
    "the newest page": PAGE,
    "the earliest page": f"{PAGE}&order=asc",
    "a page in the middle": f"{PAGE}&until=2020-07-01T00:00:00Z",
    "facts alone": f"{PAGE}&kind=fact",
    "acts of one type": f"{PAGE}&type=subject.changed",
    "nothing since the last answer": f"{PAGE}&change={{change}}",
}
_ACTS = """insert into journal_entries (authority_id, at, role, action, object_type, object_id, case_id, purpose, request_id,
                                        consultation, event, victims_only, detail)
    select c.authority_id, '2020-01-01Z'::timestamptz + n * (interval '1 year' / %(count)s), 'system',
           (array['subject.added', 'subject.changed', 'case.changed', 'identifier.corrected'])[n %% 4 + 1], 'case', c.id, c.id,
           'investigation', '', false, true, false, '{}'
    from cases c, generate_series(1, %(count)s) n where c.id = %(case)s"""
_FACTS = """insert into facts (id, version, case_id, authority_id, recorded_by, kind, begins_at, precision, utc_offset, basis,
                               handling_code, about_victim, victims, recorded_at, changed_by, changed_at)
    select gen_random_uuid(), 1, c.id, c.authority_id, p.id, (array['login', 'payment', 'stay'])[n %% 3 + 1],
           '2020-01-01Z'::timestamptz + n * (interval '1 year' / %(count)s), 'minute', 60, 'fact', 'H1', false, false, now(), p.id,
           now()
    from cases c join lateral (select p.id from principals p where p.authority_id = c.authority_id limit 1) p on true,
         generate_series(1, %(count)s) n where c.id = %(case)s"""


def fill(postgres: Embedded, cases: Mapping[str, int]) -> None:
    """Store entries of cases directly, as many as each case shall have."""
    connection = psycopg2.connect(postgres.url("coopapi").replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        for case, size in cases.items():
            for statement in (_ACTS, _FACTS):
                cursor.execute(statement, {"case": case, "count": size // 2})
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze journal_entries, facts")
    connection.close()


def medians(token: str, addresses: Mapping[str, str], times: int) -> dict[str, float]:
    """Return the median time of each address in milliseconds. They are asked in turn, and the first tenth is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in addresses}
    for number in range(times + times // 10 + 1):
        for name, address in addresses.items():
            began = time.perf_counter()
            status, answer = send("GET", address, token)
            took = (time.perf_counter() - began) * 1000
            assert status == 200, answer
            if number > times // 10:
                taken[name].append(took)
    return {name: statistics.median(each) for name, each in taken.items()}


def measure(url: str, token: str, chosen: Mapping[int, str], times: int) -> dict[str, dict[int, float]]:
    """Return for each question the medians by size. `chosen` has the address of the timeline of each size."""
    found: dict[str, dict[int, float]] = {}
    for question, query in QUESTIONS.items():
        addresses = {}
        for size, path in chosen.items():
            joint = "&" if "?" in path else "?"
            change = send("GET", f"{url}{path}{joint}limit=1", token)[1]["change"]
            addresses[str(size)] = f"{url}{path}{joint}{query.format(change=change)}"
        found[question] = {int(size): took for size, took in medians(token, addresses, times).items()}
    return found


def table(title: str, found: Mapping[str, Mapping[int, float]]) -> str:
    """Return medians with their ratios to the first size, as lines of a table."""
    sizes = list(next(iter(found.values())))
    lines = [f"| {title} | {' | '.join(f'{size:,}' for size in sizes)} |", f"|---|{'---|' * len(sizes)}"]
    for question, taken in found.items():
        cells = (f"{taken[size]:.1f} ms ({taken[size] / taken[sizes[0]]:.2f})" for size in sizes)
        lines.append(f"| {question} | {' | '.join(cells)} |")
    return "\n".join(lines)


def run(folder: Path, sizes: Sequence[int], merged: Sequence[int], entries: int, times: int) -> list[str]:
    """Return a table by the number of entries, and one by the number of merged cases."""
    with service(folder) as (url, tokens, postgres, _):
        token = tokens["eset"]

        def opened(name: str) -> str:
            status, made = send("POST", f"{url}/api/v1/cases", token, {"reference": name, "title": "Bench"})
            assert status == 201, made
            return str(made["id"])

        alone = {size: opened(f"T-{size}") for size in sizes}
        many = [opened(f"M-{number}") for number in range(max(merged))]
        fill(postgres, {case: size for size, case in alone.items()} | dict.fromkeys(many, entries))
        by_size = {size: f"/api/v1/cases/{case}/timeline" for size, case in alone.items()}
        by_count = {count: "/api/v1/timelines?" + "&".join(f"case_id={case}" for case in many[:count]) for count in merged}
        return [
            table("entries of the case", measure(url, token, by_size, times)),
            table(f"merged cases, each with {entries:,} entries", measure(url, token, by_count, times)),
        ]


def main() -> None:
    """Fill a register, measure, and print both tables."""
    numbers = lambda text: [int(one) for one in text.split(",")]  # noqa: E731 (a reader of an argument)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--merged", type=numbers, default=[1, 10, 100])
    parser.add_argument("--entries", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=40)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        for each in run(Path(place), wanted.sizes, wanted.merged, wanted.entries, wanted.times):
            print(each, end="\n\n")


if __name__ == "__main__":
    main()
