"""The tables of links, platforms and common values: complete, sourced, and meaning what they say."""

import json
import re
from importlib.resources import files

import pytest

from coopapi.directory import codelists
from coopapi.identifiers.formats.common import REASONS
from coopapi.identifiers.formats.links import find_link, platform_code
from coopapi.identifiers.kinds import KINDS, Context, Strength, read

DATA = files("coopapi.identifiers") / "data"
LINKS = json.loads((DATA / "links.json").read_text("utf-8"))["links"]
COMMON = json.loads((DATA / "common_values.json").read_text("utf-8"))
NAMES = {"username", "id", "phone", "address", "invite", "object", "folder", "link", "-"}
EXAMPLES = {"phone": "31612345678", "id": "4815162342"}


@pytest.mark.parametrize("row", LINKS, ids=lambda row: row["hosts"][0])
def test_every_path_of_the_table_is_found_again_in_a_link(row):
    assert row["platform"] in codelists.load("platforms").codes
    assert row["source"].startswith("https://")
    for path in row["paths"]:
        (what,) = re.findall(r"\{(.*?)\}", path)[-1:]
        assert set(re.findall(r"\{(.*?)\}", path)) <= NAMES
        value = EXAMPLES.get(what, "nightheron7")
        written = re.sub(r"\{-\}", "x", re.sub(r"\{[a-z]+\}", value, path))
        for host in row["hosts"]:
            link = find_link(f"{host}//{written}" if host.endswith(":") else f"https://www.{host}/{written}")
            assert (link.platform, link.what) == (row["platform"], "" if what == "-" else what), (host, path)
            assert what == "-" or link.value == value


@pytest.mark.parametrize(
    ("link", "platform", "what", "value"),
    [
        ("https://www.instagram.com/night.heron/?hl=en", "instagram", "username", "night.heron"),
        ("https://nightheron.t.me", "telegram", "username", "nightheron"),
        ("https://de-de.facebook.com/profile.php?id=100", "facebook", "id", "100"),
        ("sgnl://signal.me/#p/+31612345678", "signal", "phone", "+31612345678"),
        ("https://matrix.to/#/%40heron%3Amatrix.example", "matrix", "address", "@heron:matrix.example"),
        ("https://www.instagram.com/p/", "instagram", "", ""),
        ("https://x.com/home", "x", "", ""),
        ("HTTPS://T.ME/Night_Heron", "telegram", "username", "Night_Heron"),
    ],
)
def test_a_link_names_platform_and_account(link, platform, what, value):
    found = find_link(link)
    assert (found.platform, found.what, found.value) == (platform, what, value)


@pytest.mark.parametrize(
    "text", ["https://board.example/x", "night.heron", "https://nott.me/x", "https://t.me.example/x", "t.me", "heron@t.me", ""]
)
def test_other_hosts_and_names_are_no_links(text):
    assert find_link(text) is None


def test_no_alias_names_two_platforms_and_none_is_found_by_its_beginning():
    items = codelists.load("platforms").items
    names = [name for item in items for name in (item.code, *item.aliases)]
    assert len(names) == len(set(names))
    assert platform_code("VKontakte") == platform_code("vk.com") == platform_code("https://www.VK.com/") == "vk"
    assert platform_code("xing") != platform_code("x") == platform_code("Twitter")
    assert platform_code("Some  Chat") == "some chat"


@pytest.mark.parametrize("entry", COMMON["entries"], ids=lambda entry: f"{entry['code']} {entry['kinds'][0]}")
def test_a_value_that_tells_nobody_apart_has_a_reason_and_a_source(entry):
    assert entry["source"]
    assert REASONS[entry["code"]].endswith(".")
    assert set(entry["kinds"]) <= KINDS.keys()
    for value in entry.get("values", ()):
        reading = read(entry["kinds"][0], value, Context())
        assert entry["code"] in reading.warnings
        assert {key.strength for key in reading.keys} == {Strength.WEAK}


def test_the_neighbour_of_such_a_value_keeps_its_strength():
    for kind, value in [
        ("mac", "00:05:9a:3c:7a:01"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427f"),
        ("imei", "12345678911234"),
        ("domain", "gmail.example"),
    ]:
        assert read(kind, value, Context()).keys[0].strength == Strength.STRONG, value
    assert read("url", "https://www.facebook.com/night.heron", Context()).warnings == ()
