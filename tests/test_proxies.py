"""Behind proxies and under a prefix: every path that is answered leads back to where the caller came from."""

import re
from dataclasses import replace

import pytest
from flask import request_started
from world import sign

from coopapi.app import create_app


@pytest.fixture
def served(migrated, keys, clock):
    """An application of its own on the same register, with other settings."""
    made = []

    def build(**more):
        made.append(create_app(replace(migrated, **more), keys, clock))
        return made[-1].test_client()

    yield build
    for app in made:
        app.extensions["coopapi"].database.engine.dispose()


@pytest.fixture
def bearer(world, signer, clock):
    return {"Authorization": f"Bearer {sign(signer, clock, 'investigator')}"}


def asked_as(client, headers, **environ):
    """The path prefix and the address under which the service sees a request."""
    seen = []

    def look(sender, **_extra):
        from flask import request

        seen.append((request.script_root, request.path, request.remote_addr))

    with request_started.connected_to(look, client.application):
        client.get("/healthz", headers=headers, environ_overrides={"REMOTE_ADDR": "10.0.0.1", **environ})
    return seen[0]


def test_links_follow_the_prefix_that_a_trusted_proxy_names(served, bearer):
    client = served(trusted_proxies=1)
    forwarded = {**bearer, "X-Forwarded-Prefix": "/coopapi"}
    bodies = [{"reference": f"NL-{n}", "title": "T"} for n in (1, 2)]
    made = [client.post("/api/v1/cases", json=body, headers=forwarded).json["id"] for body in bodies]

    link = client.get("/api/v1/cases?limit=1", headers=forwarded).headers["Link"]
    again = client.post("/api/v1/cases", json=bodies[0], headers=forwarded)

    assert link.startswith("</coopapi/api/v1/cases?")
    assert (again.status_code, again.json["existing"]) == (409, f"/coopapi/api/v1/cases/{made[0]}")


def test_links_follow_the_path_of_the_base_url(served, bearer):
    client = served(base_url="https://public.test/coopapi")
    body = {"reference": "NL-1", "title": "T"}
    made = client.post("/api/v1/cases", json=body, headers=bearer).json["id"]
    assert client.post("/api/v1/cases", json=body, headers=bearer).json["existing"] == f"/coopapi/api/v1/cases/{made}"


def test_the_next_steps_of_an_overlap_follow_the_prefix(world, served, bearer):
    for who in ("investigator", "prosecutor_fr"):
        world.hold(who, world.case(who), "heron@example.org")
    (overlap,) = world.overlaps("investigator")
    world.take("investigator", overlap["id"])

    answer = served(base_url="https://public.test/coopapi").get(f"/api/v1/overlaps/{overlap['id']}", headers=bearer)

    hrefs = {step["href"] for step in answer.json["next_steps"] if step["href"]}
    assert f"/coopapi/api/v1/overlaps/{overlap['id']}/disclosures" in hrefs


def test_the_specification_and_its_page_follow_the_prefix(served):
    client = served(trusted_proxies=1)
    forwarded = {"X-Forwarded-Prefix": "/coopapi"}

    assert client.get("/openapi.json", headers=forwarded).json["servers"] == [{"url": "/coopapi"}]
    assert client.get("/openapi.json").json["servers"] == [{"url": "/"}]
    assert served(base_url="https://public.test/a/b").get("/openapi.json").json["servers"] == [{"url": "/a/b"}]
    page = client.get("/docs", headers=forwarded).get_data(as_text=True)
    assets = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(assets) >= 4
    assert not [asset for asset in assets if asset.startswith("/")]
    files = {asset: client.get(f"/{asset}", headers=forwarded) for asset in assets}
    assert {answer.status_code for answer in files.values()} == {200}
    assert 'url: "openapi.json"' in files["static/swagger-ui/start.js"].get_data(as_text=True)
    for answer in files.values():
        answer.close()


def test_a_proxy_may_strip_the_prefix_or_leave_it(served, bearer):
    client = served(base_url="https://public.test/coopapi")
    assert {client.get(f"{prefix}/api/v1/me", headers=bearer).status_code for prefix in ("", "/coopapi")} == {200}
    assert client.get("/other/api/v1/me", headers=bearer).status_code == 404


def test_a_prefix_like_one_of_our_own_paths_is_not_stripped(served, bearer):
    client = served(base_url="https://public.test/api")
    assert client.get("/api/v1/me", headers=bearer).status_code == 200


def test_nobody_is_believed_without_trusted_proxies(served):
    forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Prefix": "/evil"}
    assert asked_as(served(), forged) == ("", "/healthz", "10.0.0.1")


@pytest.mark.parametrize(("proxies", "address"), [(1, "192.0.2.9"), (2, "192.0.2.8"), (5, "10.0.0.1")])
def test_the_clients_address_is_what_the_outermost_trusted_proxy_saw(served, proxies, address):
    forwarded = {"X-Forwarded-For": "192.0.2.7, 192.0.2.8, 192.0.2.9"}
    assert asked_as(served(trusted_proxies=proxies), forwarded)[2] == address


def test_a_prefix_passes_a_chain_of_proxies(served):
    assert asked_as(served(trusted_proxies=2), {"X-Forwarded-Prefix": "/coopapi"})[0] == "/coopapi"


@pytest.mark.parametrize("prefix", ["//evil.test", "/a b", "/a<b>", "coopapi", "/a?b", "/ä"])
def test_a_prefix_that_is_no_plain_path_is_refused(served, prefix):
    answer = served(trusted_proxies=1).get("/healthz", headers={"X-Forwarded-Prefix": prefix})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "evil" not in answer.get_data(as_text=True)
