"""The graph of what hangs together: what is in it for whom, how far it goes, what was cut, and GraphML."""

import io
from xml.etree import ElementTree as ET

import assisting
import gathering
import networkx as nx
import pytest
import teaming

from coopapi.graphs import neighbours, service

OWL, JAY = "owl@example.org", "jay@example.org"


def graph(world, who, **wanted):
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in wanted.items())
    answer = world.as_(who).get(f"/graph?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(drawn, kind=None):
    return {node["id"] for node in drawn["nodes"] if kind in {None, node["kind"]}}


def edges(drawn, kind):
    return {(edge["source"], edge["target"]) for edge in drawn["edges"] if edge["kind"] == kind}


@pytest.fixture
def heron(world):
    """A Dutch case with a suspect and a victim, each with an identifier, that overlaps with a French one; and a request in it."""
    case, other = world.case("investigator", "NL-1"), world.case("foreign", "FR-1")
    suspect, victim = world.subject("investigator", case, pseudonym="S1"), world.subject("investigator", case, "victim", "V1")
    (of_suspect,) = world.hold("investigator", case, OWL, subject_id=suspect)
    (of_victim,) = world.hold("investigator", case, JAY, subject_id=victim)
    world.hold("foreign", other, OWL)
    request = assisting.draft(world, "investigator", case_id=case, reference="EIO-1")
    return {"case": case, "other": other, "suspect": suspect, "victim": victim, "of_suspect": of_suspect, "of_victim": of_victim,
            "request": request}  # fmt: skip


def test_a_case_with_its_subjects_identifiers_overlaps_and_requests(world, heron):
    drawn = graph(world, "investigator", case_id=heron["case"], depth=2)
    case = f"case:{heron['case']}"
    assert ids(drawn, "subject") == {f"subject:{heron['suspect']}", f"subject:{heron['victim']}"}
    assert ids(drawn, "request") == {f"request:{heron['request']}"}
    assert edges(drawn, "linked") == {
        (f"subject:{heron[who]}", f"identifier:{heron[f'of_{who}']}") for who in ("suspect", "victim")
    }
    assert edges(drawn, "concerns") == {(f"request:{heron['request']}", case)}
    (overlap,) = [edge for edge in drawn["edges"] if edge["kind"] == "overlap"]
    (theirs,) = ids(drawn, "case") - {case}
    assert (overlap["source"], overlap["target"], overlap["strength"], overlap["kinds"]) == (case, theirs, "strong", ["email"])
    labels = {node["id"]: (node["label"], node["path"]) for node in drawn["nodes"]}
    assert labels[case] == ("NL-1", f"/api/v1/cases/{heron['case']}")
    assert labels[theirs] == (None, None)
    assert heron["other"] not in str(drawn)
    assert labels[f"identifier:{heron['of_suspect']}"][0] == "email"
    assert (drawn["complete"], drawn["cut"]) == (True, [])
    assert "owl" not in str(drawn)


def test_depth_goes_further_and_any_node_can_be_the_beginning(world, heron):
    near = graph(world, "investigator", case_id=heron["case"])
    assert edges(near, "linked") == set()
    assert {node["distance"] for node in near["nodes"]} == {0, 1}
    assert ids(graph(world, "investigator", from_=f"subject:{heron['suspect']}")) == {
        f"subject:{heron['suspect']}", f"case:{heron['case']}", f"identifier:{heron['of_suspect']}",
    }  # fmt: skip
    assert ids(graph(world, "investigator", request_id=heron["request"])) == {
        f"request:{heron['request']}",
        f"case:{heron['case']}",
    }
    far = graph(world, "investigator", from_=f"identifier:{heron['of_suspect']}", depth=3)
    assert f"request:{heron['request']}" in ids(far)


def test_links_to_victims_are_for_the_cleared_and_analysts_get_no_request(world, heron):
    drawn = graph(world, "colleague", case_id=heron["case"], depth=3)
    assert edges(drawn, "linked") == {(f"subject:{heron['suspect']}", f"identifier:{heron['of_suspect']}")}
    analyst = graph(world, "analyst", case_id=heron["case"], depth=3)
    assert ids(analyst, "request") == set()
    assert ids(analyst, "subject") == ids(drawn, "subject")


def test_an_overlap_about_victims_is_for_the_cleared(world, heron):
    world.hold("foreign", heron["other"], JAY)
    two = world.case("romanian")
    world.hold("romanian", two, JAY)
    assert len(edges(graph(world, "investigator", case_id=heron["case"]), "overlap")) == 2
    assert len(edges(graph(world, "colleague", case_id=heron["case"]), "overlap")) == 1


def test_with_index_access_the_case_stands_alone_with_its_overlaps(world, heron):
    drawn = graph(world, "desk", case_id=heron["case"], depth=3)
    assert {node["kind"] for node in drawn["nodes"]} == {"case"}
    grant = {"authority_id": world.authorities["ro"], "level": "index", "reason": "R"}
    world.as_("investigator").post(f"/cases/{heron['case']}/access", grant)
    drawn = graph(world, "romanian", case_id=heron["case"], depth=3)
    assert {node["label"] for node in drawn["nodes"]} == {None}


def test_what_is_hidden_from_the_caller_is_no_beginning(world, heron):
    for query in (f"case_id={heron['case']}", f"from=subject:{heron['suspect']}", f"request_id={heron['request']}"):
        assert world.as_("foreign").get(f"/graph?{query}").status_code == 404
        assert world.as_("romanian").get(f"/graph?{query}").status_code == 404
    assert world.as_("analyst").get(f"/graph?request_id={heron['request']}").status_code == 404
    assert world.as_("auditor").get(f"/graph?case_id={heron['case']}").status_code == 403


def test_teams_and_meetings_and_their_cases(world):
    case = world.case("prosecutor", "NL-1")
    team = teaming.proposed(world, "fr", cases=[case])
    meeting = gathering.proposed(world, origin=("case", case), guests=("fr",))
    drawn = graph(world, "prosecutor", case_id=case)
    assert edges(drawn, "concerns") == {(f"jit:{team}", f"case:{case}"), (f"meeting:{meeting}", f"case:{case}")}
    assert f"case:{case}" in ids(graph(world, "prosecutor", jit_id=team))
    assert ids(graph(world, "prosecutor_fr", meeting_id=meeting)) == {f"meeting:{meeting}"}


def test_a_graph_is_bounded_says_what_was_cut_and_goes_on_from_there(world, heron, monkeypatch):
    monkeypatch.setattr(service, "MOST_NODES", 4)
    drawn = graph(world, "investigator", case_id=heron["case"], depth=2)
    assert len(drawn["nodes"]) == 4
    assert (drawn["complete"], drawn["cut"]) == (False, [f"case:{heron['case']}", f"subject:{heron['suspect']}"])
    assert {edge["source"] for edge in drawn["edges"]} | {edge["target"] for edge in drawn["edges"]} <= ids(drawn)
    monkeypatch.setattr(service, "MOST_NODES", 500)
    assert graph(world, "investigator", from_=drawn["cut"][0], depth=2)["complete"] is True
    monkeypatch.setattr(neighbours, "MOST_READ", 1)
    few = graph(world, "investigator", case_id=heron["case"])
    assert few["cut"] == [f"case:{heron['case']}"]


@pytest.fixture
def many(world):
    """A case with 10 subjects, 12 identifiers, 4 overlaps and 4 requests."""
    case = world.case("prosecutor", "NL-1")
    subjects = {f"subject:{world.subject('prosecutor', case, pseudonym=f'S{n}')}" for n in range(10)}
    held = {f"identifier:{world.hold('prosecutor', case, f'bird{n}@example.org')[0]}" for n in range(12)}
    for n in range(4):
        world.hold("foreign", world.case("foreign", f"FR-{n}"), f"bird{n}@example.org")
    asked = {f"request:{assisting.draft(world, 'prosecutor', case_id=case, reference=f'EIO-{n}')}" for n in range(4)}
    return case, subjects | held | asked


@pytest.mark.parametrize(("nodes", "read"), [(5, 1000), (500, 3), (4, 2), (500, 1), (8, 30)])
def test_a_graph_with_many_neighbours_is_gone_through_to_its_end(world, many, monkeypatch, nodes, read):
    case, mine = many
    whole = graph(world, "prosecutor", case_id=case)
    assert (len(whole["nodes"]), whole["complete"], whole["next"]) == (31, True, None)
    monkeypatch.setattr(service, "MOST_NODES", nodes)
    monkeypatch.setattr(neighbours, "MOST_READ", read)
    found, drawn, pages = set(), graph(world, "prosecutor", case_id=case), 1
    while drawn["next"]:
        assert (drawn["complete"], f"case:{case}" in drawn["cut"]) == (False, True)
        found |= ids(drawn)
        drawn, pages = graph(world, "prosecutor", from_=f"case:{case}", after=drawn["next"]), pages + 1
        assert pages < 40
    assert drawn["complete"] is True
    assert mine < found | ids(drawn) == ids(whole)


def test_rows_that_are_not_shown_do_not_hide_that_there_are_more(world, heron, monkeypatch):
    """A query that returned the most rows may yield fewer edges: of a withdrawn identifier, none."""
    other = world.hold("investigator", heron["case"], "wren@example.org", subject_id=heron["suspect"])[0]
    first, second = sorted([heron["of_suspect"], other])
    path, me = f"/cases/{heron['case']}/identifiers/{first}", world.as_("investigator")
    tag = f'"{me.get(path).json["etag"]}"'
    done = me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=tag)
    assert done.status_code == 200, done.json
    monkeypatch.setattr(neighbours, "MOST_READ", 1)
    drawn = graph(world, "investigator", from_=f"subject:{heron['suspect']}")
    assert (drawn["complete"], f"identifier:{second}" in ids(drawn)) == (False, False)
    rest = graph(world, "investigator", from_=f"subject:{heron['suspect']}", after=drawn["next"])
    assert f"identifier:{second}" in ids(rest)


def test_a_cursor_is_of_its_beginning_and_its_caller(world, many, monkeypatch):
    monkeypatch.setattr(service, "MOST_NODES", 5)
    cursor = graph(world, "prosecutor", case_id=many[0])["next"]
    for who, begin in (("investigator", f"case:{many[0]}"), ("prosecutor", f"case:{world.case('prosecutor', 'NL-2')}")):
        assert world.as_(who).get(f"/graph?from={begin}&after={cursor}").status_code == 400


def test_the_pseudonym_of_a_case_of_others_is_no_beginning(world, heron):
    (edge,) = [edge for edge in graph(world, "investigator", case_id=heron["case"])["edges"] if edge["kind"] == "overlap"]
    answer = world.as_("investigator").get(f"/graph?from={edge['target']}")
    assert (answer.status_code, "no beginning" in answer.json["errors"][0]["detail"]) == (422, True)


@pytest.mark.parametrize("how", ["?format=graphml", "accept"])
def test_graphml_is_read_back_by_networkx(world, heron, how):
    me, path = world.as_("investigator"), f"/graph?case_id={heron['case']}&depth=3"
    answer = me.get(f"{path}&format=graphml") if how != "accept" else me.get(path, Accept="application/graphml+xml")
    assert (answer.status_code, answer.mimetype) == (200, "application/graphml+xml")
    read = nx.read_graphml(io.BytesIO(answer.data))
    plain = me.get(path).json
    assert set(read.nodes) == ids(plain)
    assert {frozenset(edge) for edge in read.edges()} == {frozenset((e["source"], e["target"])) for e in plain["edges"]}
    for node in plain["nodes"]:
        said = {name: value for name, value in node.items() if value is not None and name != "id"}
        assert read.nodes[node["id"]] == said
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ET.fromstring(answer.data)
    keys = {key.get("id") for key in root.iter(f"{space}key")}
    assert {data.get("key") for data in root.iter(f"{space}data")} <= keys


@pytest.mark.parametrize("reference", ["<&>\"'", "]]>", "NL-\ufffe", "NL-\U0001ffff", "=cmd()"])
def test_graphml_escapes_what_authorities_write(world, reference):
    case = world.case("investigator", reference)
    answer = world.as_("investigator").get(f"/graph?case_id={case}&format=graphml")
    read = nx.read_graphml(io.BytesIO(answer.data))
    shown = world.as_("investigator").get(f"/cases/{case}").json["reference"]
    assert read.nodes[f"case:{case}"]["label"] == shown.replace("\ufffe", "\ufffd")


NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "query",
    ["", f"case_id={NOBODY}&jit_id={NOBODY}", "case_id=x", "from=case:x", f"from=fact:{NOBODY}", f"from={NOBODY}", "from=case:0123456789abcdef",
     f"case_id={NOBODY}&depth=0", f"case_id={NOBODY}&depth=4", f"case_id={NOBODY}&format=svg", f"case_id={NOBODY}&other=1"],
)  # fmt: skip
def test_bad_input_is_named(world, query):
    answer = world.as_("investigator").get(f"/graph?{query}")
    assert (answer.status_code, bool(answer.json["errors"])) == (422, True)


def test_the_graph_is_a_consultation_of_its_case(world, heron):
    graph(world, "investigator", case_id=heron["case"], depth=2)
    graph(world, "investigator", from_=f"subject:{heron['suspect']}")
    items = world.as_("auditor").get("/journal?action=graph.consulted").json["items"]
    assert [(one["case_id"], one["detail"]) for one in items] == [(heron["case"], {"depth": 1}), (heron["case"], {"depth": 2})]


def test_the_owner_of_each_case_whose_subjects_or_identifiers_are_shown_learns_of_it(world):
    """Two edges from a team are the parts of its case; one edge away is its reference alone."""
    case = world.case("prosecutor", "NL-1")
    world.hold("investigator", case, OWL, subject_id=world.subject("investigator", case))
    team = teaming.active(world, cases=[case])
    grant = {"authority_id": world.authorities["fr"], "level": "read", "reason": "R"}
    assert world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 201

    def consulted():
        items = world.as_("investigator").get(f"/cases/{case}/consultations").json["items"]
        return [(one["authority_id"], one["action"]) for one in items if one["action"] == "graph.consulted"]

    graph(world, "prosecutor_fr", jit_id=team)
    assert consulted() == []
    drawn = graph(world, "prosecutor_fr", jit_id=team, depth=2)
    assert len(ids(drawn, "identifier")) == len(ids(drawn, "subject")) == 1
    assert consulted() == [(str(world.authorities["fr"]), "graph.consulted")]
