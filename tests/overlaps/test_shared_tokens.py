"""What two cases share is found from the one that has less, whichever that is and however large both are."""

import pytest
from test_persons_over_http import ALEKSANDR, add

LINKS = "select * from priv.links(array[%s::uuid], array[%s::uuid], array[100, 50], false)"


def looked_up(plan, table):
    """How often the steps of a plan look something up in a table."""
    own = plan["Actual Loops"] if plan.get("Relation Name") == table else 0
    return own + sum(looked_up(step, table) for step in plan.get("Plans", ()))


def hold(world, who, numbers):
    case = world.case(who)
    world.hold(who, case, *(f"bird{n}@example.org" for n in numbers))
    return case


def test_only_what_two_middling_cases_share_is_looked_up_among_all_values(world, owner):
    pair = [hold(world, "investigator", range(150)), hold(world, "foreign", range(149, 299))]
    with owner.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json) {LINKS}", pair)
        plan = cursor.fetchone()[0][0]["Plan"]
    assert plan["Actual Rows"] == 1
    assert looked_up(plan, "match_tokens") < 10, plan


@pytest.mark.parametrize("limits", ["{200}", "{2,60}", "{2}"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_tokens_of_one_case_that_the_other_has_are_those_that_both_have(world, owner, limits, turned):
    """With each of these limits another branch is taken: the last one is that of two cases that are both very large."""
    pair = [hold(world, "investigator", range(5)), hold(world, "foreign", range(3, 83))]
    for who, case in zip(("investigator", "foreign"), pair, strict=True):
        assert add(world, who, case, ALEKSANDR).status_code == 201
    m, n = reversed(pair) if turned else pair
    with owner.cursor() as cursor:
        cursor.execute(
            "select array (select h.token from priv.tokens_of_smaller(%s, %s, %s) t"
            " join holdings h on h.case_id = t.other and h.token = any (t.tokens) and h.strength > 0 order by 1),"
            " array (select x.token from holdings x join holdings y using (token)"
            " where x.case_id = %s and y.case_id = %s and x.strength > 0 and y.strength > 0 order by 1)",
            (m, n, limits, m, n),
        )
        found, shared = cursor.fetchone()
    assert len(shared) >= 2
    assert found == shared
