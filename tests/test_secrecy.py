"""What a thief of the database or of the logs finds: no value in clear, and no way to test a guess."""

import base64
import hashlib
import hmac
import subprocess
from contextlib import suppress
from pathlib import Path

from coopapi.identifiers.kinds import KINDS, Context, read
from coopapi.store.crypto import Keyring

CANARIES = {
    "phone": ("+31612349999", {}),
    "email": ("canary.bird@example.org", {}),
    "username": ("canary-handle", {"platform": "chat.example"}),
    "url": ("https://canary.example/secret-path", {}),
    "domain": ("canary-domain.example", {}),
    "ip": ("8.8.77.66", {"observed_at": "2026-01-02T03:04:05Z", "port": 54321}),
    "iban": ("DE89370400440532013000", {}),
    "passport": ("CANARY123", {"country": "NL"}),
    "national_id": ("111222333", {"country": "NL"}),
    "btc_address": ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", {}),
    "eth_address": ("0x" + "c0ffee" * 6 + "c0ff", {}),
    "sha256": ("ca4a" * 16, {}),
    "sha1": ("ca4a" * 10, {}),
    "md5": ("ca4a" * 8, {}),
    "imei": ("490154203237518", {}),
    "pgp_fingerprint": ("CA4A" * 10, {}),
    "mac": ("00:ca:4a:ca:4a:00", {}),
    "vehicle_plate": ("CANARY1", {"country": "NL"}),
    "platform_user_id": ("canary-4815162342", {"platform": "chat.example"}),
    "xmpp": ("canary@jabber.example", {}),
    "matrix": ("@canarybird:matrix.example", {}),
    "session": ("05" + "ca4a" * 16, {}),
    "tox": ("CA4A" * 16, {}),
    "telegram": ("canary_bird_tg", {}),
    "signal": ("canary_bird.4242", {}),
    "kik": ("canary.bird.kik", {}),
    "threema": ("CANARY42", {}),
    "cybertip": ("987654321012", {}),
    "icse_series": ("canary series 7", {}),
    "pdq": ("ca4a" * 16, {}),
    "photodna": ("yk9K" * 48, {}),
    "vin": ("WCANARY12345678BB", {}),
    "imsi": ("204046620123456", {}),
    "iccid": ("8931440300000000000", {}),
    "card": ("424242******4242", {}),
    "device_id": ("ca4aca4a-0b5e-4d64-9d3a-5f2f0c3e7a11", {}),
    "user_agent": ("canaryfox/1.0 (reeds)", {}),
    "tx_hash": ("ca4b" * 16, {}),
    "xmr_address": ("41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJT", {}),
    "i2p": ("canary" + "a" * 46, {}),
    "whatsapp": ("+31612349998", {}),
    "group": ("https://t.me/+CanaryInvite42", {}),
    "infohash": ("ca4c" * 10, {}),
    "magnet": ("magnet:?xt=urn:btih:" + "ca4d" * 10, {}),
    "ed2k": ("ca4e" * 8, {}),
    "tth": ("canarycanaryb" * 3, {}),
    "client_guid": ("ca4f" * 8, {}),
    "sha512": ("ca4a" * 32, {}),
    "tmk": ("ca5a" * 16, {}),
    "iscc": ("ISCC:KACYPXW445FTYNJ3CYSXHAFJMA2HUWULUNRFE3BLHRSCXYH2M5AEGQY", {}),
    "tron_address": ("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", {}),
    "ltc_address": ("LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", {}),
    "bch_address": ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", {}),
    "xrp_address": ("r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", {}),
    "ton_address": ("EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", {}),
    "identity_card": ("CANARYID7", {"country": "NL"}),
    "residence_permit": ("CANARYRP8", {"country": "NL"}),
    "driving_licence": ("CANARYDL9", {"country": "NL"}),
    "travel_document": ("CANARYTD6", {"country": "NL"}),
    "bank_account": ("CANARY0042", {"country": "NL"}),
    "bic": ("CANRNL2A", {}),
    "payment_handle": ("canary-payee", {"platform": "pay.example"}),
    "serial_number": ("CANARYSN42", {}),
    "meid": ("CA4ACA4ACA4ACA", {}),
    "eid": ("89049032123451234512345678901235", {}),
    "snapchat": ("canary-snap-42", {}),
    "discord": ("canary.disc.42", {}),
    "viber": ("+31612349997", {}),
    "line": ("canary.line.42", {}),
    "simplex": ("simplex:/contact#/?v=2-7&smp=smp%3A%2F%2FCanaryCanaryCanary%3D%40smp6.simplex.im%2FCanaryQueue", {}),
    "skype": ("live:canary.bird", {}),
    "file_name": ("canary in the coal mine.mp4", {}),
    "ssid": ("Canary-Wifi-42", {}),
    "public_key": ("SHA256:CanaryCanaryCanaryCanaryCanaryCanaryCanaryC", {}),
    "as_number": ("AS4203141592", {}),
    "parcel_number": ("CANARY1234567", {}),
    "onion": ("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad", {}),
}


PERSON = {"names": [{"full": "Canaryna Птицелова"}], "birth_dates": ["1977-07-07"], "places": ["Canaryville"]}
OF_PERSON = ("canaryna", "птицелова", "ptitselova", "1977-07-07", "canaryville")


def _texts():
    for kind, (value, context) in CANARIES.items():
        around = Context(country=context.get("country"), platform=context.get("platform"))
        yield from ((kind, text) for text in (value, read(kind, value, around).normalised))
    yield from (("person", text) for text in OF_PERSON)


def spellings():
    """Each value as it was sent and as it was read, in the forms a dump would have."""
    for kind, text in _texts():
        if text:
            yield kind, text.lower()
            yield kind, text.encode().hex().lower()
            yield kind, base64.b64encode(text.encode()).decode().rstrip("=")[:-1].lower()


def plant(world):
    case = world.case("investigator")
    items = [{"kind": k, "value": v, "context": c, "source": "canary-source"} for k, (v, c) in CANARIES.items()]
    for who, there in (("foreign", world.case("foreign")), ("investigator", case)):
        person = {"kind": "person", "person": PERSON, "subjects": [{"id": world.subject(who, there)}]}
        made = world.as_(who).post(f"/cases/{there}/identifiers", {"identifiers": [*items, person]})
        assert made.status_code == 201, made.json
    assert "person" in world.overlaps("investigator", case)[0]["kinds"]
    world.as_("investigator").get(f"/cases/{case}/identifiers")
    world.as_("investigator").get(f"/cases/{case}/overlaps")
    wrong = [{"kind": "iban", "value": "DE00CANARYCANARY"}, {"kind": "email", "value": "canary bird@"}]
    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": wrong})
    assert b"canary" not in refused.data.lower()
    return case


def everything(owner, postgres):
    """Every row of every table as text, and the files of the cluster and its log."""
    with owner.cursor() as cursor:
        cursor.execute("checkpoint")
        cursor.execute("select schemaname, tablename from pg_tables where schemaname in ('public', 'priv')")
        for schema, table in cursor.fetchall():
            cursor.execute(f"select coalesce(string_agg(t::text, chr(10)), '') from {schema}.{table} t")
            yield table, cursor.fetchone()[0].lower().encode()
        cursor.execute("select oid from pg_database where datname = 'coopapi'")
        oid = cursor.fetchone()[0]
    for folder in (postgres.data / "base" / str(oid), postgres.data / "pg_wal"):
        listing = subprocess.run(["find", str(folder), "-type", "f"], capture_output=True, text=True, check=True).stdout.split()
        for file in listing:
            with suppress(FileNotFoundError):  # PostgreSQL removes some files by itself, such as pg_internal.init
                yield file, Path(file).read_bytes().lower()
    yield "log", (postgres.root / "postgres.log").read_bytes().lower()


def test_every_kind_is_planted():
    assert CANARIES.keys() | {"person"} == KINDS.keys()


def test_neither_the_database_nor_the_logs_hold_a_value_in_clear(world, owner, postgres, caplog):
    caplog.set_level("DEBUG", "coopapi")
    plant(world)
    found = [
        (place, kind)
        for place, content in everything(owner, postgres)
        for kind, spelling in spellings()
        if len(spelling) > 7 and spelling.encode() in content
    ]
    assert found == []
    assert "canary" not in caplog.text.lower()
    assert "8.8.77.66" not in caplog.text


def test_the_search_finds_what_is_there(world, owner, postgres):
    """The control: a title is not sealed, so it is found."""
    world.case("investigator", title="planted-in-clear")
    assert any(b"planted-in-clear" in content for _, content in everything(owner, postgres))


def test_a_guess_cannot_be_tested_against_a_stolen_dump(world, owner, keys):
    plant(world)
    with owner.cursor() as cursor:
        cursor.execute("select token from holdings")
        stolen = {bytes(row[0]) for row in cursor.fetchall()}
        cursor.execute("select fingerprint from identifiers")
        stolen |= {bytes(row[0]) for row in cursor.fetchall()}
        cursor.execute("select inner_pad from priv.context_key")
        in_database = bytes(b ^ 0x36 for b in bytes(cursor.fetchone()[0]))[:32]
    key = read("email", "canary.bird@example.org", Context()).keys[0]
    guess = f"{key.family}|{key.text}".encode()
    for bare in (hashlib.sha256, hashlib.sha1, hashlib.md5):
        assert bare(guess).digest() not in stolen
        assert bare(key.text.encode()).digest() not in stolen
    for wrong in (b"", b"\0" * 32, in_database):
        assert hmac.digest(wrong, guess, "sha256") not in stolen
    only_inner = keys.inner(key.family, key.text)
    assert only_inner not in stolen
    assert Keyring(b"r" * 32, b"t" * 32).token(key.family, key.text) not in stolen
    assert keys.token(key.family, key.text) in stolen  # the control: with the true key it is there


def test_a_sealed_value_cannot_be_moved_to_another_row(world, owner):
    case = plant(world)
    with owner.cursor() as cursor:
        cursor.execute("select id from identifiers where kind in ('email', 'phone') and case_id = %s order by kind", (case,))
        email, phone = (row[0] for row in cursor.fetchall())
        cursor.execute(
            "update identifiers set sealed = (select sealed from identifiers where id = %s) where id = %s", (email, phone)
        )
    assert world.as_("investigator").get(f"/cases/{case}/identifiers/{phone}").status_code == 500
    assert world.as_("investigator").get(f"/cases/{case}/identifiers/{email}").status_code == 200


def test_an_analyst_reads_no_value_and_no_name(world):
    case = plant(world)
    for path in (f"/cases/{case}/identifiers", f"/cases/{case}/overlaps", "/overlaps", f"/cases/{case}/timeline", "/events"):
        body = world.as_("analyst").get(path).data.lower()
        assert not [kind for kind, spelling in spellings() if len(spelling) > 7 and spelling.encode() in body]
