"""Recompute figures from the rows of the tables, one by one in plain Python, without what the service counts with."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import product

from coopapi.deadlines import rules
from coopapi.directory import codelists

GROUPS = {item.code: set(item.extra["countries"]) for item in codelists.load("country_groups").items}
MEMBERS = codelists.member_states()
NO_LAW = set(rules.no_limits())
DRAFTING = {"draft", "validation_pending", "ready"}
TABLES = (
    "authorities", "principals", "cases", "case_access", "case_proceedings", "case_overlaps", "overlap_sides", "disclosures", "parties",
    "mla_requests", "mla_stages", "deadlines", "meetings", "meeting_outcomes", "jits", "jit_parties", "shared_cases",
)  # fmt: skip


def moment(text):
    return text and datetime.fromisoformat(text).astimezone(UTC)


def hours(since, until):
    return max(0.0, (moment(until) - moment(since)).total_seconds() / 3600)


def quarter(text):
    at = moment(text)
    return f"{at.year}-Q{(at.month + 2) // 3}"


def regions(*countries):
    return sorted({name for name, inside in GROUPS.items() if inside & set(countries)}) or ["none"]


def spread(values):
    """Number, mean, median and 90th percentile by linear interpolation."""
    if not values:
        return None
    values = sorted(values)

    def at(share):
        place = share * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)

    return {"number": len(values), "mean": sum(values) / len(values), "median": at(0.5), "p90": at(0.9)}


class Brute:
    """All rows of the register, and one caller who counts among them."""

    def __init__(self, owner, now, caller=None):
        self.rows, self.now = {}, now
        with owner.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"select to_jsonb(t) from {table} t")
                self.rows[table] = [row for (row,) in cursor.fetchall()]
        self.cases = {row["id"]: row for row in self.rows["cases"]}
        self.authorities = {row["id"]: row for row in self.rows["authorities"]}
        self.caller = caller
        self.levels = self._levels() if caller else {}
        self.of_object = defaultdict(list)
        for part in self.rows["parties"]:
            self.of_object[part["object_id"]].append(part)

    def _levels(self):
        found = {}
        for grant in self.rows["case_access"]:
            mine = grant["authority_id"] == self.caller["authority_id"] and grant["principal_id"] in {None, self.caller["id"]}
            begun = grant["since"] is None or moment(grant["since"]) <= self.now
            if mine and grant["withdrawn_at"] is None and begun and self._runs(grant["until"]):
                found[grant["case_id"]] = max(grant["level"], found.get(grant["case_id"], 0))
        return found

    def _runs(self, until):
        return until is None or moment(until) > self.now

    def sides(self, object_id):
        """The sides on which the caller reads a shared thing."""
        return {
            part["side"]
            for part in self.of_object[object_id]
            if part["authority_id"] == self.caller["authority_id"]
            and self._runs(part["until"])
            and (part["case_id"] is None or self.levels.get(part["case_id"], 0) >= 2)
        }

    def counts(self, object_id):
        """Whether a shared thing counts: for the caller, or if there is none, for publication."""
        if self.caller:
            return bool(self.sides(object_id))
        named = {part["case_id"] for part in self.of_object[object_id]} | {
            row["case_id"] for row in self.rows["shared_cases"] if row["object_id"] == object_id
        }
        return bool(self.of_object[object_id]) and not any(self.cases[one]["visibility"] == "hidden" for one in named - {None})

    # requests

    def requests(self, **wanted):
        found = []
        for row in self.rows["mla_requests"]:
            hidden = not self.caller and row["case_id"] and self.cases[row["case_id"]]["visibility"] == "hidden"
            if row["transmitted_at"] and row["state"] not in DRAFTING and self.counts(row["id"]) and not hidden:
                found.append(self._request(row))
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    def _request(self, row):
        asks = self.caller and "requesting" in self.sides(row["id"])
        confided = row["kind"] == "spontaneous_information" and not asks and row["state"] not in {"accepted", "closed"}
        other = row["requesting_country"] if self.caller and not asks else row["executing_country"]
        return {
            **row,
            "direction": "none" if not self.caller else "outgoing" if asks else "incoming",
            "year": row["transmitted_at"][:4],
            "quarter": quarter(row["transmitted_at"]),
            "region": regions(other),
            "measure": row["measure_codes"] or ["none"],
            "data_category": ["unknown"] if confided else row["data_categories"] or ["none"],
            "crime_category": ["unknown"] if confided else row["crime_categories"] or ["none"],
            "emergency": "yes" if row["urgency"] == "emergency" else "no",
            "outcome": row["outcome"] or "pending",
            "requesting_authority": row["requesting_id"],
            "executing_authority": row["executing_id"],
            "channel": row["channel"] or "unknown",
        }

    def request_figures(self, by=(), **wanted):
        seen = self.requests(**wanted)
        visible = {row["id"] for row in self.requests()}
        followed = {}
        for row in self.rows["mla_requests"]:
            if row["previous_id"] and row["transmitted_at"] and self.counts(row["id"]):
                at = followed.get(row["previous_id"], row["transmitted_at"])
                followed[row["previous_id"]] = min(at, row["transmitted_at"], key=moment)
        clocks = defaultdict(list)
        for row in self.rows["deadlines"]:
            law = row["owed_by"] == "executing" and row["rule"] not in NO_LAW and row["object_id"] in visible
            if law and row["cancelled_at"] is None and row["suspended_at"] is None:
                clocks[row["object_id"]].append(row)
        return {keys: self._of_requests(rows, followed, clocks) for keys, rows in grouped(seen, by).items()}

    def _of_requests(self, rows, followed, clocks):
        def number(condition):
            return sum(1 for row in rows if condition(row))

        def kept(row):
            if row["met_at"]:
                return moment(row["met_at"]) <= moment(row["due_at"])
            return moment(row["due_at"]) >= self.now

        def acknowledged(row, want):
            own = [clock for clock in clocks[row["id"]] if clock["rule"] == "eio_ack"]
            done = [clock["met_at"] is not None and moment(clock["met_at"]) <= moment(clock["due_at"]) for clock in own]
            return bool(own) and all(done) is want

        ended = ("fulfilled", "partly_fulfilled")
        held = [row for row in rows if row["kind"] in {"preservation", "epoc_pr"} and row["outcome"] == "fulfilled"]
        over = [
            row for row in held if row["state"] in {"released", "expired"} or (row["until"] and moment(row["until"]) < self.now)
        ]
        grounds = Counter(ground for row in rows if row["outcome"] == "refused" for ground in row["refusal_grounds"])
        took = {
            row["id"]: hours(row["transmitted_at"], row["obtained_at"])
            for row in rows
            if row["outcome"] in ended and row["obtained_at"]
        }
        whole = [took[row["id"]] for row in rows if row["outcome"] == "fulfilled" and row["id"] in took]
        after = [hours(row["transmitted_at"], followed[row["id"]]) for row in held if row["id"] in followed]
        return {
            "issued": len(rows),
            "received": number(lambda r: r["received_at"]),
            "acknowledged": number(lambda r: r["acknowledged_at"]),
            "acknowledged_on_time": number(lambda r: acknowledged(r, True)),
            "acknowledged_late": number(lambda r: acknowledged(r, False)),
            "deadlines_kept": number(lambda r: clocks[r["id"]] and all(map(kept, clocks[r["id"]]))),
            "deadlines_missed": number(lambda r: clocks[r["id"]] and not all(map(kept, clocks[r["id"]]))),
            **{
                outcome: number(lambda r, outcome=outcome: r["outcome"] == outcome)
                for outcome in (*ended, "not_fulfilled", "refused", "returned", "withdrawn", "pending")
            },
            "outcome_unknown": number(lambda r: r["outcome"] == "unknown"),
            "postponed": number(lambda r: r["postponed_at"]),
            "refused_by_ground": dict(grounds),
            "emergencies": number(lambda r: r["urgency"] == "emergency"),
            "sent_before_validation": number(lambda r: r["validation"] in {"awaited", "later", "denied"}),
            "validated_later": number(lambda r: r["validation"] == "later"),
            "validation_denied": number(lambda r: r["validation"] == "denied"),
            "notified": number(lambda r: r["enforcing_id"]),
            "enforcement_requested": number(lambda r: r["enforcement_at"]),
            "enforcement_fulfilled": number(lambda r: r["enforcement_at"] and r["outcome"] in ended),
            "preserved": len(held),
            "followed_up": sum(1 for row in held if row["id"] in followed),
            "never_followed_up": sum(1 for row in over if row["id"] not in followed),
            "hours_to_obtain": spread(list(took.values())),
            "hours_to_obtain_whole": spread(whole),
            "hours_to_follow_up": spread(after),
        }

    def stage_figures(self, by=()):
        stages = defaultdict(list)
        for row in sorted(self.rows["mla_stages"], key=lambda row: row["id"]):
            stages[row["request_id"]].append(row)
        spent = defaultdict(list)
        for row in self.requests():
            for one, following in zip(stages[row["id"]], stages[row["id"]][1:], strict=False):
                if row["direction"] == "outgoing" or one["state"] not in DRAFTING:
                    for keys in product(*(listed(row[name]) for name in by)):
                        spent[keys, one["state"]].append(hours(one["since"], following["since"]))
        return {key: spread(values) for key, values in spent.items()}

    # overlaps

    def overlaps(self):
        me = self.caller and self.caller["authority_id"]
        cleared = bool(self.caller and self.caller["cleared"])
        found = []
        for row in self.rows["case_overlaps"]:
            sees = {end: self.levels.get(row[f"case_{end}"], 0) for end in "ab"}
            at = {end: row[f"{'' if cleared else 'open_'}detected_{end}"] for end in "ab"}
            if self.caller:
                if any(row[f"hidden_{end}"] and row[f"authority_{end}"] != me for end in "ab"):
                    continue
                if not any(sees[end] and at[end] for end in "ab"):
                    continue
                mine = "a" if (row["authority_a"] == me and sees["a"]) or not sees["b"] else "b"
                other = "b" if mine == "a" else "a"
                when = at[mine] or (at[other] if sees[other] else None)
            else:
                if any(row[f"hidden_{end}"] or self.cases[row[f"case_{end}"]]["visibility"] == "hidden" for end in "ab") or not any(
                    at.values()
                ):
                    continue
                mine, other, when = "a", "b", min((one for one in at.values() if one), key=moment)
            found.append(self._overlap(row, mine, other, when, cleared))
        return found

    def _overlap(self, row, mine, other, when, cleared):
        sides = [
            side
            for side in self.rows["overlap_sides"]
            if side["overlap_id"] == row["id"]
            and (cleared or not side["victims"])
            and (not self.caller or side["case_id"] == row[f"case_{mine}"])
        ]
        first = {"confirmed": 1, "rejected": 2}
        sides.sort(key=lambda side: (first.get(side["state"], 3) if not self.caller else 0, -side["turn"]))
        side = sides[0] if sides else {"state": "detected", "decided_at": None}
        shown = [
            one
            for one in self.rows["disclosures"]
            if one["overlap_id"] == row["id"]
            and (cleared or not one["victims_only"])
            and (not self.caller or max(self.levels.get(one["asking_case"], 0), self.levels.get(one["owner_case"], 0)) >= 2)
        ]
        given = [one for one in shown if one["state"] in {"disclosed_full", "disclosed_partial", "recalled"}]
        strength, kinds = (row["strength"], row["kinds"]) if cleared else (row["open_strength"], row["open_kinds"])
        country = self.authorities[row[f"authority_{other}"]]["country"]
        return {
            "year": when[:4],
            "quarter": quarter(when),
            "strength": ("none", "weak", "possible", "strong")[strength],
            "identifier_kind": kinds or ["none"],
            "scope": "within" if row["authority_a"] == row["authority_b"] else "across",
            "counterpart_country": country,
            "region": regions(country),
            "crime_category": self.cases[row[f"case_{mine}"]]["crime_categories"] or ["none"],
            "authority": self.cases[row[f"case_{mine}"]]["authority_id"],
            "state": side["state"],
            "stands": strength > 0,
            "asked": bool(shown),
            "given": bool(given),
            "refused": any(one["state"] == "refused" for one in shown),
            "verified": hours(when, side["decided_at"]) if side["state"] in {"confirmed", "rejected", "unsure"} else None,
            "shown": min((hours(when, one["decided_at"]) for one in given), default=None),
        }

    def overlap_figures(self, by=()):
        def figures(rows):
            of_state = Counter(row["state"] for row in rows)
            return {
                "found": len(rows),
                "standing": sum(row["stands"] for row in rows),
                **{state: of_state[state] for state in ("confirmed", "rejected", "unsure", "under_verification")},
                "not_verified": of_state["detected"],
                "disclosure_asked": sum(row["asked"] for row in rows),
                "disclosed": sum(row["given"] for row in rows),
                "disclosure_refused": sum(row["refused"] for row in rows),
                "hours_to_verify": spread([row["verified"] for row in rows if row["verified"] is not None]),
                "hours_to_disclose": spread([row["shown"] for row in rows if row["shown"] is not None]),
            }

        return {keys: figures(rows) for keys, rows in grouped(self.overlaps(), by).items()}

    # cases

    def seen_cases(self):
        rank = {"investigated": 1, "prosecuted": 2, "adjudicated": 3}
        reached = defaultdict(list)
        for row in self.rows["case_proceedings"]:
            reached[row["case_id"]].append((rank[row["stage"]], row["reached_on"], row["id"], row))
        me = self.caller and self.authorities[self.caller["authority_id"]]
        found = []
        for row in self.rows["cases"]:
            level = self.levels.get(row["id"], 0) if self.caller else 2 * (row["visibility"] != "hidden")
            if not level:
                continue
            home = self.authorities[row["authority_id"]]
            desk = (
                me
                and me["type"] == "eurojust_desk"
                and me["country"] == home["country"]
                and row["desk"] == "index"
                and row["visibility"] != "hidden"
            )
            last = max(reached[row["id"]])[3] if reached[row["id"]] else {"stage": "none", "result": "none"}
            read = level >= 2
            found.append(
                {
                    "year": row["created_at"][:4],
                    "quarter": quarter(row["created_at"]),
                    "authority": row["authority_id"],
                    "owner_country": home["country"],
                    "state": row["state"] if read or desk else "not_shown",
                    "case_type": row["case_type"] if read else "not_shown",
                    "crime_category": row["crime_categories"] or ["none"],
                    "country": (row["countries"] or ["none"]) if read else ["not_shown"],
                    "region": regions(*row["countries"]) if read else ["not_shown"],
                    "stage": last["stage"] if read else "not_shown",
                    "result": last["result"] if read else "not_shown",
                    "created_at": row["created_at"],
                    "ended_at": row["ended_at"] if read or desk else None,
                    "third": read and any(country not in MEMBERS for country in row["countries"]),
                }
            )
        return found

    def case_figures(self, by=()):
        def figures(rows):
            def number(name, *values):
                return sum(1 for row in rows if row[name] in values)

            return {
                "registered": len(rows),
                "under_way": number("state", "registered", "open", "hidden_pending"),
                **{state: number("state", state) for state in ("closed", "transferred", "withdrawn")},
                "multilateral": number("case_type", "multilateral"),
                "investigated": number("stage", "investigated", "prosecuted", "adjudicated"),
                "prosecuted": number("stage", "prosecuted", "adjudicated"),
                "adjudicated": number("stage", "adjudicated"),
                "convictions": number("result", "conviction", "mixed"),
                "acquittals": number("result", "acquittal"),
                "hours_to_end": spread([hours(row["created_at"], row["ended_at"]) for row in rows if row["ended_at"]]),
            }

        return {keys: figures(rows) for keys, rows in grouped(self.seen_cases(), by).items()}

    # meetings and teams

    def meetings(self):
        led_to = Counter(row["meeting_id"] for row in self.rows["meeting_outcomes"])
        return [
            {
                **row,
                "year": (row["starts_at"] or row["created_at"])[:4],
                "quarter": quarter(row["starts_at"] or row["created_at"]),
                "origin": row["origin_type"],
                "country": row["countries"] or ["none"],
                "region": regions(*row["countries"]),
                "host": row["host_id"],
                "outcomes": led_to[row["id"]],
            }
            for row in self.rows["meetings"]
            if self.counts(row["id"])
        ]

    def meeting_figures(self, by=()):
        took_place = ("held", "minutes_agreed", "closed")

        def figures(rows):
            return {
                "convened": len(rows),
                "held": sum(row["state"] in took_place for row in rows),
                "minutes_agreed": sum(row["state"] in {"minutes_agreed", "closed"} for row in rows),
                "cancelled": sum(row["state"] == "cancelled" for row in rows),
                "coordination_centres": sum(row["level"] == "coordination_centre" and row["state"] in took_place for row in rows),
                "with_three_countries": sum(len(row["countries"]) >= 3 for row in rows),
                "outcomes": sum(row["outcomes"] for row in rows),
            }

        return {keys: figures(rows) for keys, rows in grouped(self.meetings(), by).items()}

    def teams(self):
        inside = defaultdict(set)
        for row in self.rows["jit_parties"]:
            inside[row["jit_id"]].add(row["country"])
        found = []
        for row in self.rows["jits"]:
            if self.counts(row["id"]):
                over = row["state"] == "active" and moment(row["until"]) <= self.now
                ended = {"state": "ended", "end_reason": "expiry", "ended_at": row["until"]} if over else {}
                at = row["since"] or row["created_at"]
                found.append(
                    {
                        **row,
                        **ended,
                        "year": at[:4],
                        "quarter": quarter(at),
                        "country": sorted(inside[row["id"]]) or ["none"],
                        "region": regions(*inside[row["id"]]),
                    }
                )
        return [{**row, "end_reason": row["end_reason"] or "none"} for row in found]

    def team_figures(self, by=()):
        def figures(rows):
            of_state, why = Counter(row["state"] for row in rows), Counter(row["end_reason"] for row in rows)
            return {
                "proposed": len(rows),
                "set_up": sum(row["since"] is not None for row in rows),
                "active": of_state["active"],
                "ended": sum(of_state[state] for state in ("ended", "evaluation", "closed", "public_statement")),
                "ended_by_expiry": why["expiry"],
                "ended_with_its_goal": why["goal"],
                "ended_by_withdrawal": why["withdrawal"],
                "abandoned": of_state["abandoned"],
                "with_three_countries": sum(len(row["country"]) >= 3 for row in rows),
                "hours_of_work": spread([hours(row["since"], row["ended_at"]) for row in rows if row["ended_at"]]),
            }

        return {keys: figures(rows) for keys, rows in grouped(self.teams(), by).items()}

    def annual(self, year):
        first, after = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        worked = [
            row
            for row in self.seen_cases()
            if moment(row["created_at"]) < after and (not row["ended_at"] or moment(row["ended_at"]) >= first)
        ]
        crime = defaultdict(lambda: {"ongoing": 0, "new": 0})
        for row in worked:
            for code in row["crime_category"]:
                crime[code]["new" if moment(row["created_at"]) >= first else "ongoing"] += 1
        held = [
            row
            for row in self.meetings()
            if row["starts_at"]
            and first <= moment(row["starts_at"]) < after
            and row["state"] in {"held", "minutes_agreed", "closed"}
        ]
        at_work = [
            row
            for row in self.teams()
            if row["since"]
            and moment(row["since"]) < after
            and min(moment(row["ended_at"] or row["until"]), moment(row["until"])) >= first
        ]
        return {
            "year": year,
            "cases": {
                "worked_on": len(worked),
                "new": sum(moment(row["created_at"]) >= first for row in worked),
                "bilateral": sum(row["case_type"] == "bilateral" for row in worked),
                "multilateral": sum(row["case_type"] == "multilateral" for row in worked),
                "with_third_states": sum(row["third"] for row in worked),
            },
            "crime": [{"category": code, **figures} for code, figures in sorted(crime.items())],
            "meetings": {
                "held": sum(row["level"] != "coordination_centre" for row in held),
                "coordination_centres": sum(row["level"] == "coordination_centre" for row in held),
            },
            "teams": {"supported": len(at_work), "new": sum(moment(row["since"]) >= first for row in at_work)},
            "requests": dict(Counter(row["kind"] for row in self.requests() if first <= moment(row["transmitted_at"]) < after)),
        }


def listed(value):
    return value if isinstance(value, list) else [value]


def grouped(rows, by):
    found = defaultdict(list)
    for row in rows:
        for keys in product(*(listed(row[name]) for name in by)):
            found[keys].append(row)
    return found
