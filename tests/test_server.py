"""The server: slow, greedy and lying clients cost a connection and never a thread; what it refuses is a problem document."""

import asyncio
import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection

import psycopg2
import pytest
import urllib3
from registers import provisioned
from serving import COMMAND, PATIENCE, Answers, is_open, read_all, served, until
from sqlalchemy import make_url
from world import ISSUER, sign

from coopapi.http import connection as wire
from coopapi.http import middleware, telemetry, worker_process
from coopapi.http.middleware import LARGEST_BODY
from coopapi.ops import administration, demo
from coopapi.ops.demo_script import Rehearsal

HEAD = b"POST /api/v1/cases HTTP/1.1\r\nHost: register.test\r\nContent-Type: application/json\r\n"
SLOW_HEAD = b"GET /healthz HTTP/1.1\r\nHost: register.test\r\nX-Slow: "
SLOW_BODY = HEAD + b"Authorization: Bearer made-up\r\nContent-Length: 1000\r\n\r\n{"
SLOW_FORM = (
    b"POST /oauth/token HTTP/1.1\r\nHost: register.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\ngrant_type="
)
CHUNKED = HEAD + b"Authorization: Bearer made-up\r\nTransfer-Encoding: chunked\r\n\r\n"
HEALTHY = b"GET /healthz HTTP/1.1\r\nHost: register.test\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: register.test\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def deployment(postgres, migrated, tmp_path_factory):
    """A register of its own with one investigator; its settings."""
    folder = tmp_path_factory.mktemp("deployment")
    with provisioned(postgres, folder, COOPAPI_ISSUERS_FILE=str(migrated.issuers_file)) as (environment, database):
        home = administration.add_authority(database, {"name": "Police", "type": "police_unit", "country": "NL"})
        administration.add_person(
            database,
            home,
            {"name": "Wren", "issuer": ISSUER, "subject": "wren", "roles": ["investigator"], "victim_cleared": False},
        )
        yield environment


@pytest.fixture(scope="module")
def service(deployment, tmp_path_factory):
    """A service that is patient with slow clients and has one process."""
    folder = tmp_path_factory.mktemp("service")
    with served(deployment, folder, WORKERS=1, HEADER_SECONDS=600, BODY_SECONDS=600, SPOOL_MB=10) as running:
        yield running


@pytest.fixture
def token(signer, clock, present):
    return sign(signer, clock, "wren")


def post(token, *framing, body=b""):
    """Write a request that registers a case."""
    return b"".join([HEAD, f"Authorization: Bearer {token}\r\n".encode(), *framing, b"\r\n", body])


def register(service, token, reference):
    """Register a case, as any client does."""
    return urllib3.request(
        "POST",
        f"http://127.0.0.1:{service.port}/api/v1/cases",
        json={"reference": reference, "title": "T"},
        headers={"Authorization": f"Bearer {token}"},
        retries=False,
        timeout=PATIENCE,
    )


def test_the_service_answers_while_200_requests_are_half_sent(service, token):
    with service.half_sent(200, SLOW_HEAD, SLOW_BODY, SLOW_FORM) as clients:
        assert service.get("/healthz").status == 200
        assert service.get("/api/v1/cases", Authorization=f"Bearer {token}").status == 200
        assert register(service, token, "while-half-sent").status == 201
        assert [is_open(client) for client in clients] == [True] * 200


def test_every_answer_has_one_date(service, token):
    case = register(service, token, "dated")
    bearer = {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/cases/{case.json()['id']}"
    read = service.get(path, **bearer)
    same = service.get(path, **bearer, **{"If-None-Match": read.headers["ETag"]})
    page = service.get("/static/swagger-ui/swagger-ui.css")
    assert [answer.status for answer in (case, read, same, page)] == [201, 200, 304, 200]
    assert [len(answer.headers.getlist("Date")) for answer in (case, read, same, page)] == [1, 1, 1, 1]


def test_a_worker_that_reads_in_its_threads_would_not_answer(deployment, tmp_path):
    """The sabotage: the threads that gunicorn has without us."""
    command = [*demo.SERVER, "-k", "gthread"]
    with served(deployment, tmp_path, command, WORKERS=1, WORKER="off") as old:
        with old.half_sent(10, SLOW_FORM):
            until(lambda: is_stuck(old))
        assert old.get("/healthz").status == 200


def is_stuck(service):
    try:
        service.talk(LAST, patience=3)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 100000\r\n\r\n",
        b"Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_body_without_a_token_is_refused_before_it_is_sent(service, framing):
    refused = service.talk(HEAD + framing)
    assert (refused.statuses, refused.headers["connection"]) == ([401], "close")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.problem.items() >= {"type": "/problems/unauthenticated", "status": 401}.items()


def test_a_form_for_a_token_needs_no_token_and_is_small(service):
    form = b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    assert service.talk(form + b"Content-Length: 12\r\n\r\ngrant_type=x").statuses in ([400], [401], [422])
    assert service.talk(form + b"Content-Length: 100001\r\n\r\n").statuses == [413]


def test_a_body_that_is_too_large_is_refused_by_its_length_and_while_it_is_read(service, token):
    at_once = service.talk(post(token, b"Content-Length: %d\r\n" % (LARGEST_BODY + 1)))
    assert (at_once.statuses, at_once.problem["status"]) == ([413], 413)
    assert service.talk(CHUNKED, b"%x\r\n" % (LARGEST_BODY + 1), b"x" * (LARGEST_BODY + 1)).statuses == [413]
    framing_alone = b"1;" + b"x" * 1000 + b"\r\ny\r\n"
    assert service.talk(CHUNKED, framing_alone * (LARGEST_BODY // 900)).statuses == [413]


def test_bodies_on_their_way_have_one_limit_together_and_the_newest_goes_on(service, token):
    megabyte = b"x" * 1_000_000
    start = post("made-up", b"Content-Length: 1500000\r\n", body=megabyte)
    with service.half_sent(30, start) as clients:
        until(lambda: sum(is_open(client) for client in clients[:20]) == 0)
        assert 0 < sum(is_open(client) for client in clients) <= 10
        assert Answers(read_all(clients[0])).problem["type"] == "/problems/unavailable"
        assert register(service, token, "in-a-full-spool").status == 201
        assert service.get("/healthz").status == 200


def test_chunked_and_pipelined_requests_are_answered_in_their_order(service, token):
    half = len(body := b'{"reference": "chunked", "title": "T"}') // 2
    chunks = b"%x\r\n%b\r\n%x;ext=1\r\n%b\r\n0\r\nX-Trailer: a\r\n\r\n" % (half, body[:half], len(body) - half, body[half:])
    made = post(token, b"Transfer-Encoding: chunked\r\n", body=chunks)
    answers = service.talk(HEALTHY + made + HEALTHY, LAST)
    assert answers.statuses == [200, 201, 200, 200]
    byte_by_byte = service.talk(*[bytes([byte]) for byte in HEALTHY + LAST])
    assert byte_by_byte.statuses == [200, 200]


def test_a_client_that_waits_for_100_continue_gets_it(service, token):
    with service.connect() as client:
        body = b'{"reference": "continued", "title": "T"}'
        client.sendall(post(token, b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n" % len(body)))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert Answers(read_all(client)).statuses == [201]


def test_old_and_odd_but_right_requests_are_answered(service):
    assert service.talk(b"GET /healthz HTTP/1.0\r\n\r\n").statuses == [200]
    for address in (b"http://other.test/healthz", b"HTTP://[::1]:80/healthz?a", b"https://other_one/healthz"):
        assert service.talk(b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % address).statuses == [200]
    assert service.talk(b"GET http://other.test?a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").statuses == [404]
    upgrade = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert service.talk(upgrade + b"PRI * HTTP/2.0").statuses == [200]
    head = service.talk(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert head.data.endswith(b"\r\n\r\n")
    with service.connect() as client:
        client.sendall(HEALTHY)
        client.shutdown(socket.SHUT_WR)
        assert Answers(read_all(client)).statuses == [200]


AMBIGUOUS = {
    "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, turned": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "the same length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\nab",
    "a signed length": b"Content-Length: +2\r\n\r\nab",
    "a negative length": b"Content-Length: -2\r\n\r\nab",
    "an underscored length": b"Content-Length: 1_0\r\n\r\n0123456789",
    "a length beyond numbers": b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "a folded header": b"X-A: b\r\n c\r\n\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a quoted coding": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "NUL in a header": b"X-A: b\0c\r\n\r\n",
    "a bare CR": b"X-A: b\rContent-Length: 2\r\n\r\n",
    "a bare LF": b"X-A: b\nContent-Length: 2\n\n",
    "two hosts": b"Host: other.test\r\n\r\n",
    "no name": b": b\r\n\r\n",
    "no colon": b"Host register.test\r\n\r\n",
    "a chunk that is no number": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a chunk with a prefix": b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n",
    "a chunk with space": b"Transfer-Encoding: chunked\r\n\r\n 2\r\nab\r\n0\r\n\r\n",
    "a chunk that ends with LF": b"Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n",
    "a chunk that is too long": b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond numbers": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
    "an expectation": b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\nab",
    "two types": b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\nab",
}
MALFORMED = {
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "small letters": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a made-up method": b"STEAL / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/1.0 in chunks": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\n\r\n0\r\n\r\n",
    "a fragment": b"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target in another alphabet": "GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "a tunnel": b"CONNECT register.test:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target without a slash": b"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address that does not end": b"GET http://[/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a login in the target": b"GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target without a host": b"GET http:///healthz HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("request_", AMBIGUOUS | MALFORMED, ids=lambda name: name.replace(" ", "-"))
def test_what_two_readers_could_take_for_two_things_is_refused_and_nothing_behind_it_is_served(service, request_):
    ambiguous = HEAD + b"Authorization: Bearer made-up\r\n" + AMBIGUOUS.get(request_, b"")
    refused = service.talk(MALFORMED.get(request_, ambiguous) + LAST)
    assert (refused.statuses, refused.problem["status"], refused.headers["connection"]) == ([400], 400, "close")


def test_headers_have_a_largest_size_together(service):
    line = b"X-Long: " + b"x" * 1000 + b"\r\n"
    enough = wire.LARGEST_HEAD // len(line)
    assert service.talk(LAST[:-2] + line * (enough // 2) + b"\r\n").statuses == [200]
    assert service.talk(LAST[:-2] + line * (enough * 3)).problem["status"] == 431
    assert service.talk(b"GET /" + b"x" * 2 * wire.LARGEST_HEAD).problem["status"] == 431


def test_a_request_has_a_most_of_headers_and_fields_after_a_body_are_not_among_them(service, token):
    many = b"a:\r\n" * wire.MOST_HEADERS
    assert service.talk(LAST[:-2] + many[: -2 * 4] + b"\r\n").statuses == [200]
    assert service.talk(LAST[:-2] + many + b"\r\n").problem["status"] == 431
    framing = b"Connection: close\r\nTransfer-Encoding: chunked\r\n" + b"a:\r\n" * (wire.MOST_HEADERS - 5)
    body = b'{"reference": "trailers", "title": "T"}'
    made = post(token, framing, body=b"%x\r\n%b\r\n0\r\na:\r\nb:\r\n\r\n" % (len(body), body))
    assert service.talk(made).statuses == [201]


def test_nothing_malformed_leaves_a_trace_of_code_or_of_itself_in_the_log(service):
    service.talk(b"STEAL /secret-of-a-request HTTP/1.1\r\nHost: a\r\n\r\n")
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "secret-of-a-request" not in log
    assert all(line.startswith("{") for line in log.splitlines())


def test_a_client_that_goes_away_disturbs_nobody(service, token):
    for start in (SLOW_HEAD, SLOW_BODY, post(token, b"Content-Length: 2\r\n", body=b"{}"), HEALTHY * 20):
        with service.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(start)
    assert service.get("/healthz").status == 200


def test_whatever_clients_do_nothing_of_it_is_held_in_the_end():
    """Many clients at once, each with a script drawn by chance; their answers are now small, now more than they read."""
    chance = random.Random(12)
    shared = wire.SharedLimits(600, 600, 100_000, time.monotonic, lambda connection, _: asked.append(connection))
    asked = []
    whole = post("t", b"Content-Length: 3\r\n", body=b"abc")
    steps = [HEALTHY, HEALTHY * 3, whole, whole * 3, SLOW_HEAD, b"x", SLOW_BODY, post("t", b"Content-Length: 90000\r\n"), b"x" * 80_000, CHUNKED,
             b"5\r\nabcde\r\n", b"0\r\n\r\n", b"ab\r\n\r\n", b"end", b"reset", b"read"]  # fmt: skip

    async def client():
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: Named(shared, None), ours)
        for _ in range(chance.randrange(9)):
            step = chance.choice(steps)
            with suppress(OSError):
                theirs.shutdown(socket.SHUT_WR) if step == b"end" else theirs.recv(1_000_000) if step == b"read" else theirs.send(
                    step
                )
            await asyncio.sleep(0)
            for connection in asked:
                connection.answered(b"x" * chance.choice([100, 100, 3_000_000]))
                assert shared.spooled <= shared.spool_bytes
            asked.clear()
            if step == b"reset":
                break
        theirs.close()

    async def all_clients():
        await asyncio.gather(*[client() for _ in range(300)])
        for _ in range(20):
            await asyncio.sleep(0.01)
            while asked:
                asked.pop().answered(b"x")

    asyncio.run(all_clients())
    assert (shared.spooled, shared.receiving, shared.connections) == (0, {}, set())


class Named(wire.Connection):
    """A connection over a socket without an address."""

    def connection_made(self, transport):
        transport.get_extra_info = {"peername": ("a", 1), "sockname": ("b", 2)}.get
        super().connection_made(transport)


def test_a_client_that_only_sends_is_not_served_without_end(service):
    with service.connect() as client:
        client.settimeout(1)
        with pytest.raises(TimeoutError):
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 1_000_000)
        assert service.get("/healthz").status == 200


@pytest.fixture(scope="module")
def impatient(deployment, tmp_path_factory):
    """A service with small limits, no address for figures, and no worker that finds overlaps."""
    folder = tmp_path_factory.mktemp("impatient")
    with served(
        deployment, folder, METRICS_BIND="", WORKERS=1, WORKER="off", CONNECTIONS=10, HEADER_SECONDS=1, BODY_SECONDS=1
    ) as running:
        yield running


@pytest.mark.parametrize("start", [SLOW_HEAD, SLOW_BODY], ids=["headers", "body"])
def test_a_request_that_does_not_arrive_in_time_is_refused(impatient, start):
    assert impatient.talk(start).problem["status"] == 408


def test_a_connection_without_a_request_is_closed_without_a_word(impatient):
    assert impatient.talk().statuses == []
    assert impatient.talk(b"\r\n").statuses == []


def test_drops_of_bytes_do_not_lengthen_the_time(impatient):
    with impatient.connect() as client:
        client.sendall(SLOW_HEAD)
        answered = None
        while answered is None:
            client.sendall(b"x")
            client.settimeout(0.2)
            try:
                answered = client.recv(100)
            except TimeoutError:
                continue
    assert answered.startswith(b"HTTP/1.1 408")


def test_a_full_house_makes_room_by_closing_who_waits_longest(impatient):
    with impatient.half_sent(40, SLOW_HEAD) as clients:
        assert impatient.get("/healthz").status == 200
        assert [is_open(client) for client in clients[:20]] == [False] * 20


def test_a_killed_worker_comes_back(impatient):
    (before,) = impatient.workers()
    os.kill(before, signal.SIGKILL)
    until(lambda: impatient.workers() not in ([], [before]))
    until(lambda: is_answered(impatient))


def test_the_worker_that_finds_overlaps_is_started_again_and_not_at_all_where_it_runs_apart(service, impatient):
    until(lambda: len(service.workers(b"\0worker\0")) == 1)
    (before,) = service.workers(b"\0worker\0--parent\0%d\0" % service.process.pid)
    os.kill(before, signal.SIGKILL)
    until(lambda: service.workers(b"\0worker\0") not in ([], [before]))
    assert impatient.workers(b"\0worker\0") == []


def test_a_web_worker_that_is_forked_while_the_worker_starts_does_not_hold_up_its_watcher(monkeypatch):
    made, forked, ended = threading.Event(), threading.Event(), threading.Event()

    def pipe(make=os.pipe):
        ends = make()
        made.set()
        forked.wait(1)
        return ends

    def start():
        worker_process.start([sys.executable, "-c", "pass"]).wait()
        ended.set()

    monkeypatch.setattr(os, "pipe", pipe)
    watcher = threading.Thread(target=start, daemon=True)
    watcher.start()
    assert made.wait(PATIENCE)
    if not (web_worker := os.fork()):
        time.sleep(PATIENCE)
        os._exit(0)
    forked.set()
    try:
        assert ended.wait(PATIENCE / 2)
    finally:
        os.kill(web_worker, signal.SIGKILL)
        os.waitpid(web_worker, 0)


def is_answered(service):
    try:
        return service.get("/healthz").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_the_script_of_the_demo_waits_for_what_the_worker_has_not_found_yet(impatient, token, tmp_path):
    case = register(impatient, token, "for-the-script").json()["id"]
    script = Rehearsal(f"http://127.0.0.1:{impatient.port}", {"wren": token}, {}, tmp_path / "done.json")
    later = threading.Timer(1, register, (impatient, token, "for-the-script-2"))
    later.start()
    step = {"by": "wren", "get": "/cases?limit=2&reference=for-the-script-2", "take": "items.0.reference", "as": "found"}
    script.walk([step, {"by": "wren", "get": f"/cases/{case}", "take": "id", "as": "case"}])
    later.join()
    assert script.names == {"found": "for-the-script-2", "case": case}


def follow(service, token, seconds):
    """Write a request that waits for events."""
    start = urllib3.request(
        "GET",
        f"http://127.0.0.1:{service.port}/api/v1/events?from=now",
        headers={"Authorization": f"Bearer {token}"},
        retries=False,
    )
    target = f"/api/v1/events?wait={seconds}&cursor={start.json()['next']}"
    return f"GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()


def test_fifty_clients_that_wait_for_events_leave_the_service_to_the_others(service, token):
    request = follow(service, token, 30)
    with service.half_sent(50, request) as clients:
        until(lambda: clients_answered(clients) == 49)
        assert [register(service, token, f"beside-{n}").status for n in range(3)] == [201] * 3
        answers = [Answers(read_all(client)) for client in clients]
    assert [answer.statuses for answer in answers] == [[200]] * 50
    assert sum("retry-after" in answer.headers for answer in answers) == 49


def clients_answered(clients):
    """Count the clients to which the service has sent something."""
    return len(select.select(clients, [], [], 0)[0])


def test_a_service_that_stops_answers_a_client_that_waits_for_events(deployment, token, tmp_path):
    with (
        served(deployment, tmp_path, METRICS_BIND="", WORKERS=1, WORKER="off") as stopping,
        stopping.half_sent(2, follow(stopping, token, 30)) as clients,
    ):
        until(lambda: clients_answered(clients) == 1)  # of each caller one request waits, so now the other one does
        stopping.process.terminate()
        answers = [Answers(read_all(client)) for client in clients]
    assert [answer.statuses for answer in answers] == [[200]] * 2
    assert sum("retry-after" in answer.headers for answer in answers) == 1


def test_a_service_that_stops_tells_each_client_that_its_connection_closes(deployment, tmp_path):
    with served(deployment, tmp_path, METRICS_BIND="", WORKERS=1, WORKER="off") as stopping:
        clients = [HTTPConnection("127.0.0.1", stopping.port, timeout=20) for _ in range(8)]

        def told(client):
            client.request("GET", "/healthz")
            answer = client.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            return answer.headers["Connection"] == "close"

        assert not any(told(client) for client in clients)
        stopping.process.terminate()
        until(lambda: all(client.sock is None or told(client) for client in clients))


def test_figures_have_an_address_of_their_own_and_none_by_default(service, impatient):
    assert service.get("/metrics").status == 404
    figures = service.get("/metrics", service.metrics_port)
    assert figures.status == 200
    assert b'coopapi_requests_total{method="GET",route="/healthz",status="200"}' in figures.data
    assert service.get("/healthz", service.metrics_port).status == 404
    with pytest.raises(urllib3.exceptions.HTTPError):
        impatient.get("/metrics", impatient.metrics_port)
    assert impatient.get("/metrics").status == 404


def test_300_made_up_methods_and_paths_add_no_figures(app, monkeypatch):
    client = app.test_client()

    def send(number):
        client.open(f"/nowhere/{number}", method=f"MADEUP{number}")
        client.open("/healthz", method=f"MADEUP{number}")

    send(0)
    before = labels()
    for number in range(1, 300):
        send(number)
    assert labels() == before
    assert {method for method, *_ in before} <= {*middleware.METHODS, "other"}
    monkeypatch.setattr(middleware, "METHODS", {f"MADEUP{number}" for number in range(300, 310)})
    for number in range(300, 310):
        send(number)
    assert len(labels()) > len(before), "the planted breach: a method that is believed is a figure"


def labels():
    return {
        tuple(sample.labels.get(name) for name in ("method", "route", "status"))
        for family in (*middleware.REQUESTS.collect(), *middleware.SECONDS.collect())
        for sample in family.samples
    }


def test_a_stop_lets_a_request_end_and_leaves_nothing_behind(deployment, postgres, tmp_path, token):
    owner = postgres.url(make_url(deployment["COOPAPI_DATABASE_URL"]).database)
    (tmp_path / "temporary").mkdir()
    kubernetes = {"COOPAPI_PORT": "tcp://10.0.0.7:8000"}
    with served({**deployment, **kubernetes, "TMPDIR": str(tmp_path / "temporary")}, tmp_path, WORKERS=1) as service:
        assert [path.name.endswith("-coopapi") for path in (tmp_path / "temporary").iterdir()] == [True]
        lock = psycopg2.connect(owner.replace("+psycopg2", ""))
        lock.cursor().execute("lock table cases in access exclusive mode")
        with service.connect() as client, service.connect() as idle:
            client.sendall(f"GET /api/v1/cases HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            until(lambda: waits(lock))
            service.process.terminate()
            assert read_all(idle) == b""
            lock.close()
            assert Answers(read_all(client)).statuses == [200]
        assert service.process.wait(PATIENCE) == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    told = [line for line in service.lines() if line["logger"] == "coopapi.server"]
    assert [line["message"] for line in told] == ["ignored: COOPAPI_PORT (no settings of coopapi)", "started", "stopped"]
    assert all(line["version"] for line in told[1:])
    assert sum("COOPAPI_PORT" in line["message"] for line in service.lines()) == 1


def test_a_folder_of_figures_that_the_operator_made_is_left_when_the_server_stops(deployment, tmp_path):
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "notes").write_text("the operator's own")
    with served({**deployment, "PROMETHEUS_MULTIPROC_DIR": str(figures)}, tmp_path, demo.SERVER, WORKERS=1, WORKER="off"):
        pass
    assert (figures / "notes").exists()


def waits(connection):
    cursor = connection.cursor()
    cursor.execute("select exists (select from pg_locks where not granted)")
    return cursor.fetchone()[0]


def test_a_line_of_another_library_shows_neither_its_values_nor_its_placeholders():
    line = telemetry.JsonLines().format(
        telemetry.logging.makeLogRecord({"name": "urllib3", "msg": "Retry %s of %(what)s after %5.2f s", "args": ("secret",)})
    )
    assert "secret" not in line
    assert "Retry ... of ... after ... s" in line


READ_ONLY = """
mount --make-rprivate / && mount -o remount,ro,bind /
for folder in /tmp /var/tmp "$HOME"; do mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder"; done
cd / && exec "$@"
"""


def test_the_service_runs_where_nothing_but_shared_memory_can_be_written_and_in_the_locale_c(deployment, tmp_path, token):
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_root, "--mount", "sh", "-euc", READ_ONLY, "sh", *COMMAND]
    environment = {**deployment, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TMPDIR": ""}
    with served(environment, tmp_path, command, WORKERS=1) as service:
        long = b'{"reference": "\xc3\xa9t\xc3\xa9", "title": "T"' + b" " * 200_000 + b"}"
        made = service.talk(post(token, b"Connection: close\r\nContent-Length: %d\r\n" % len(long), body=long))
        assert made.statuses == [201]
        assert json.loads(made.bodies[0])["reference"] == "\u00e9t\u00e9"
        assert service.get("/metrics", service.metrics_port).status == 200
