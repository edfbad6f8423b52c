"""Identifiers as their standards read them: golden values, traps, and what holds for every text there is."""

import csv
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.pairs import result_of
from coopapi.directory import codelists
from coopapi.identifiers.formats import documents
from coopapi.identifiers.kinds import KINDS, Context, ImpossibleValue, Strength, read, warning_text

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
EIP55 = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ROOT = Path(__file__).parents[2]
PAIRS = list(csv.DictReader((Path(__file__).parent / "pairs.csv").read_text().splitlines(keepends=True)))
MRZ = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
# kind | value | context | what it is | warnings
GOLDEN = f"""
phone | +49 (0)171 2345678 | | +491712345678 |
phone | 0049 171 2345678 | | +491712345678 |
phone | 0171 2345678 | DE | +491712345678 |
phone | ＋４９ １７１ ２３４５６７８ | | +491712345678 |
phone | +49\u200b171\u200e2345678 | | +491712345678 |
phone | tel:+49-171-2345678 | | +491712345678 |
phone | +49 171 2345678 ext. 12 | | +491712345678 |
phone | 06 12345678 | NL | +31612345678 |
phone | +31 6 12345678 | | +31612345678 |
phone | +1 555 010 0199 | | +15550100199 | unassigned_number
email | Heron@BÜCHER.example | | heron@xn--bcher-kva.example |
email | mailto:Heron@Example.org | | heron@example.org |
email | heron[@]example[.]org | | heron@example.org |
email | ｈｅｒｏｎ＠example.org | | heron@example.org |
email | h\u200deron@example.org | | heron@example.org |
email | heron@straße.example | | heron@xn--strae-oqa.example |
domain | straße.example | | xn--strae-oqa.example |
url | ftp://Alice@Board.Example/x | | ftp://Alice@board.example/x |
phone | +39 (0)6 6982 1234 | | +390669821234 |
national_id | 811218-9876 | SE | 8112189876 |
email | İ@example.org | | i̇@example.org |
username | @Night.Heron | chat.example | night.heron@chat.example |
username | Night.Heron@chat.example | | night.heron@chat.example |
url | HTTPS://Board.Example:443/a/../b/./c?x=%7e#frag | | https://board.example/b/c?x=~ |
url | hxxp://board[.]example | | http://board.example/ |
url | http://board.example:8080/A%2fb | | http://board.example:8080/A%2Fb |
url | https://{ONION}.onion/x | | https://{ONION}.onion/x |
url | http://[2001:DB8::1]/ | | http://[2001:db8::1]/ |
domain | Board.Example. | | board.example |
domain | bücher.example | | xn--bcher-kva.example |
domain | board[.]example | | board.example |
domain | _dmarc.board.example | | _dmarc.board.example |
ip | 8.8.4.4 | | 8.8.4.4 | no_time
ip | 2001:0DB8:0:0:0:0:0:1 | | 2001:db8::1 | documentation_address no_time
ip | ::ffff:8.8.4.4 | | 8.8.4.4 | no_time
ip | 10.0.0.1 | | 10.0.0.1 | private_address no_time
ip | 127.0.0.1 | | 127.0.0.1 | loopback_address no_time
ip | 0.0.0.0 | | 0.0.0.0 | unspecified_address no_time
ip | 100.64.1.1 | | 100.64.1.1 | shared_address no_time
ip | 169.254.1.1 | | 169.254.1.1 | link_local_address no_time
ip | 224.0.0.1 | | 224.0.0.1 | multicast_address no_time
ip | 8[.]8[.]4[.]4 | | 8.8.4.4 | no_time
md5 | D41D8CD98F00B204E9800998ECF8427E | | d41d8cd98f00b204e9800998ecf8427e | empty_file
sha1 | {"0F" * 20} | | {"0f" * 20} |
sha256 | {"0F" * 32} | | {"0f" * 32} |
iban | de89 3704 0044 0532 0130 00 | | DE89370400440532013000 |
iban | GB29-NWBK-6016-1331-9268-19 | | GB29NWBK60161331926819 |
passport | xr1234567 | NL | XR1234567 |
passport | {MRZ} | UT | L898902C3 |
national_id | 111222333 | NL | 111222333 |
national_id | 12.34 | US | 1234 | unchecked_national_id
btc_address | 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 | | 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 |
btc_address | 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy | | 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy |
btc_address | {SEGWIT.upper()} | | {SEGWIT} |
btc_address | bitcoin:{SEGWIT}?amount=1 | | {SEGWIT} |
btc_address | {TAPROOT} | | {TAPROOT} |
eth_address | {EIP55} | | {EIP55.lower()} |
eth_address | {EIP55.lower()} | | {EIP55.lower()} |
eth_address | {EIP55[2:].upper()} | | {EIP55.lower()} |
eth_address | {EIP55.replace("aAeb", "AAeb")} | | {EIP55.lower()} | eip55
onion | {ONION} | | {ONION}.onion |
onion | http://www.{ONION.upper()}.onion:80/x | | {ONION}.onion |
onion | expyuzz4wqqyqhjn.onion | | expyuzz4wqqyqhjn.onion | onion_v2
imei | 49-015420-323751-8 | | 490154203237518 |
imei | 4901542032375101 | | 4901542032375101 |
pgp_fingerprint | 0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567 | | {"0123456789ABCDEF" * 2}01234567 |
pgp_fingerprint | {"ab" * 32} | | {"AB" * 32} |
pgp_fingerprint | 0x89ABCDEF01234567 | | 89ABCDEF01234567 | key_id_only
mac | 00-1B-63-84-45-E6 | | 00:1b:63:84:45:e6 |
mac | 001b.6384.45e6 | | 00:1b:63:84:45:e6 |
mac | 02:1b:63:84:45:e6 | | 02:1b:63:84:45:e6 | locally_administered
vehicle_plate | В 123 АК | BG | B123AK |
vehicle_plate | b-123-ak | BG | B123AK |
platform_user_id | 48 15 | chat.example | 4815 |
xmpp | xmpp:Heron@Jabber.Example/phone | | heron@jabber.example |
matrix | @Heron:Matrix.Example:8448 | | @heron:matrix.example:8448 |
session | 050F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F | | 050f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f |
tox | tox:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f010203040206 | | 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F010203040206 |
tox | 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F | | 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F |
telegram | https://t.me/Night_Heron | | night_heron@telegram |
telegram | 123456789 | | 123456789 |
signal | @Night_Heron.42 | | night_heron.42 |
signal | +31 6 12345678 | | +31612345678 |
kik | Night.Heron | | night.heron@kik |
threema | heron042 | | HERON042 |
cybertip | NCMEC CyberTip #123456789 | | 123456789 |
icse_series | Blue  HERON 7 | | blue heron 7 |
pdq | D8F8F0CCE0F4A84FD8F8F0CCE0F4A84FD8F8F0CCE0F4A84FD8F8F0CCE0F4A84F | | d8f8f0cce0f4a84fd8f8f0cce0f4a84fd8f8f0cce0f4a84fd8f8f0cce0f4a84f |
pdq | 0000000000000000000000000000000000000000000000000000000000000000 | | 0000000000000000000000000000000000000000000000000000000000000000 | flat_picture
photodna | AAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAEC | | AAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAEC |
vin | 1m8gdm9axkp042788 | | 1M8GDM9AXKP042788 |
vin | 1M8GDM9A1KP042788 | | 1M8GDM9A1KP042788 | vin_check_digit
imsi | 204046620123456 | | 204046620123456 |
iccid | 8931440300 000000000 | | 8931440300000000000 |
card | 4111 11xx xxxx 1111 | | 411111******1111 |
card | 411111-1111 | | 411111******1111 |
device_id | {{8C7F1AE2-0B5E-4D64-9D3A-5F2F0C3E7A11}} | | 8c7f1ae20b5e4d649d3a5f2f0c3e7a11 |
user_agent | Heronfox/1.0  (Reeds) | | heronfox/1.0 (reeds) |
tx_hash | 0x0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F | | 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f |
xmr_address | monero:41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJT?tx_amount=1 | | 41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJT |
i2p | http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b32.i2p/ | | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b32.i2p |
whatsapp | +31 6 12345678 | | +31612345678 |
whatsapp | 31612345678@s.whatsapp.net | | +31612345678 |
whatsapp | https://wa.me/31612345678 | | +31612345678 |
whatsapp | 235085806727321@lid | | 235085806727321@lid |
group | https://t.me/+AbCdEfGhIjK0aQ | | AbCdEfGhIjK0aQ |
group | 120363012345678901@g.us | | 120363012345678901@g.us |
group | https://t.me/night_herons | | night_herons@telegram |
infohash | C12FE1C06BBA254A9DC9F519B335AA7C1367A88A | | c12fe1c06bba254a9dc9f519b335aa7c1367a88a |
infohash | YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK | | c12fe1c06bba254a9dc9f519b335aa7c1367a88a |
infohash | magnet:?xt=urn:btih:C12FE1C06BBA254A9DC9F519B335AA7C1367A88A&dn=x | | c12fe1c06bba254a9dc9f519b335aa7c1367a88a |
magnet | magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a | | magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a |
ed2k | 0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F | | 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f |
ed2k | 31D6CFE0D16AE931B73C59D7E0C089C0 | | 31d6cfe0d16ae931b73c59d7e0c089c0 | empty_file
tth | ABCDEFGHIJKLMABCDEFGHIJKLMABCDEFGHIJKLM | | abcdefghijklmabcdefghijklmabcdefghijklm |
client_guid | {{0F1E0F1E-0F1E-0F1E-0F1E-0F1E0F1E0F1E}} | | 0f1e0f1e0f1e0f1e0f1e0f1e0f1e0f1e |
sha512 | SHA-512: {"0F" * 64} | | {"0f" * 64} |
tmk | 0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F | | Dw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8= |
iscc | iscc:kacypxw445ftynj3cysxhafjma2huwulunrfe3blhrscxyh2m5aegqy | | ISCC:KACYPXW445FTYNJ3CYSXHAFJMA2HUWULUNRFE3BLHRSCXYH2M5AEGQY |
tron_address | 415cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb | | TJRabPrwbZy45sbavfcjinPJC18kjpRTv8 |
tron_address | TJRabPrwbZy45sbavfcjinPJC18kjpRTv8 | | TJRabPrwbZy45sbavfcjinPJC18kjpRTv8 |
ltc_address | LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9 | | ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9 |
ltc_address | litecoin:LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9 | | LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9 |
bch_address | 1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu | | bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a |
bch_address | QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A | | bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a |
xrp_address | r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59 | | r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59 |
xrp_address | X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ | | X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ |
ton_address | EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N | | 0:83dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8 |
identity_card | IA 1234567 | NL | IA1234567 |
identity_card | I<NLDD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<< | NL | D23145890 |
residence_permit | RP1234567 | NL | RP1234567 |
driving_licence | MORGA 753116 SM9IJ | GB | MORGA753116SM9IJ |
travel_document | K12345602 | DE | K12345602 |
bank_account | 37040044 / 532013000 | DE | 370400440532013000 |
bank_account | 19-2000145399/0800 | CZ | 08000000192000145399 |
bank_account | 12-34567 | US | 1234567 |
bic | DEUT DE FF 500 | | DEUTDEFF500 |
payment_handle | https://www.paypal.com/paypalme/NightHeron | | nightheron@paypal |
payment_handle | $NightHeron | cash.app | nightheron@cash_app |
serial_number | S/N: f2lx-0abcd123 | | F2LX0ABCD123 |
meid | AF 012345 0ABCDE C | | AF0123450ABCDE |
meid | 293608736500703710 | | AF0123450ABCDE |
eid | 8904 9032 1234 5123 4512 3456 7890 1235 | | 89049032123451234512345678901235 |
snapchat | https://www.snapchat.com/add/Night-Heron | | night-heron@snapchat |
discord | Night.Heron#0 | | night.heron@discord |
viber | viber://chat?number=%2B31612345678 | | +31612345678 |
line | https://line.me/ti/p/~NightHeron | | nightheron@line |
skype | 8:live:Night.Heron | | live:night.heron@skype |
file_name | C:\\Reeds\\Night Heron.MP4 | | Night Heron.MP4 |
file_name | /home/reeds/IMG_0001.JPG | | IMG_0001.JPG | common_name
ssid | SSID: Reed-Marsh-7 | | Reed-Marsh-7 |
ssid | FRITZ!Box 7590 | | FRITZ!Box 7590 | common_name
public_key | ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl git@heron | | SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU |
as_number | as64496 | | AS64496 |
as_number | AS1.10 | | AS65546 |
parcel_number | rb 123 456 785 nl | | RB123456785NL |
parcel_number | 1Z999AA10123456784 | | 1Z999AA10123456784 |
"""
IMPOSSIBLE = f"""
phone | 0171 2345678 | | phone_country
phone | +1 555 | | phone_length
phone | call me | | phone
phone | +1234567890123456 | | phone_length
email | heron | | email
email | he ron@example.org | | email
email | .heron@example.org | | email
email | heron@localhost | | domain
email | {"a" * 65}@example.org | | email
username | night.heron | | platform_needed
username | night heron | chat.example | username
url | board.example | | url
url | javascript:alert(1) | | url
url | http:///x | | domain
url | http://board.example:99999/ | | url
domain | com | | domain
domain | 8.8.4.4 | | domain
domain | -a.example | | domain
domain | {"a" * 64}.example | | domain
ip | 256.1.1.1 | | ip
ip | 8.8.4 | | ip
ip | 010.1.1.1 | | ip
ip | fe80::1%eth0 | | zone
ip | 8.8.4.4/24 | | ip
md5 | {"0f" * 20} | | md5
sha1 | {"0g" * 20} | | sha1
sha256 | {"0f" * 31} | | sha256
iban | DE88370400440532013000 | | iban
iban | XX00 | | iban
passport | XR1234567 | | country_needed
passport | ABCDEF | NL | passport
passport | {MRZ[:9]}7{MRZ[10:]} | NL | mrz
passport | {MRZ} | | country_needed
national_id | 111222334 | NL | national_id
national_id | x | | country_needed
btc_address | 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3 | | base58check
btc_address | 1bvbmseystwetqtfn5au4m4gfg7xjanvn2 | | base58check
btc_address | 0OIl | | base58
btc_address | {SEGWIT[:20]}{SEGWIT[20:].upper()} | | bech32
btc_address | {SEGWIT[:-1]}5 | | bech32
btc_address | bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4 | | bech32
btc_address | bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj | | bech32
eth_address | 0x{"ab" * 19} | | eth_address
onion | {ONION[:-1]}a | | onion
onion | x.onion | | onion
imei | 490154203237517 | | imei_check
imei | 000000000000000 | | imei
pgp_fingerprint | DEADBEEF | | pgp_fingerprint
mac | 00:1b:63:84:45 | | mac
mac | ff:ff:ff:ff:ff:ff | | mac
vehicle_plate | B 123 AK | | country_needed
vehicle_plate | B | BG | vehicle_plate
platform_user_id | 4815 | | platform_needed
xmpp | heron | | xmpp
matrix | heron:matrix.example | | matrix
session | 060f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f | | session
tox | 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F010203040200 | | tox_check
telegram | 9x | | telegram
threema | HERON | | threema
cybertip | 012345678 | | cybertip
pdq | d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8 | | pdq
photodna | AAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAECAAEC | | photodna
vin | 1M8GDM9AXKP04278O | | vin
imsi | 204046 | | imsi
iccid | 8931440300000000001 | | iccid_check
card | 4111 1111 1111 1111 | | full_card_number
card | 4111-1111 | | card
device_id | 00000000-0000-0000-0000-000000000000 | | no_device
tx_hash | 0x0f | | tx_hash
xmr_address | 41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJ1 | | monero
i2p | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b32.i2p | | i2p
whatsapp | 120363012345678901@g.us | | phone
group | AbCdEf | | platform_needed
group | https://www.instagram.com/p/AbC | | not_a_group
infohash | 0f0f | | infohash
magnet | magnet:?xt=urn:unknown:0f0f | | magnet
tth | ABC | | tth
client_guid | 0f | | client_guid
sha512 | 0f0f | | sha512
tmk | 0f0f | | tmk
iscc | ISCC:ABC | | iscc
tron_address | TJRabPrwbZy45sbavfcjinPJC18kjpRTv9 | | base58check
ltc_address | LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH8 | | base58check
bch_address | bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b | | cashaddr
xrp_address | r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk58 | | base58check
ton_address | EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2M | | ton
identity_card | IA1234567 | | country_needed
residence_permit | ABCDEF | NL | residence_permit
driving_licence | A1 | NL | driving_licence
travel_document | ABCDEF | NL | travel_document
bank_account | 12345 | | country_needed
bank_account | x | NL | bank_account
bic | DEUTXXFF0 | | bic
payment_handle | nightheron | | platform_needed
serial_number | x1 | | serial_number
meid | AF0123 | | meid
eid | 89049032123451234512345678901236 | | eid
snapchat | night heron | | username
discord | https://discord.gg/AbCd | | invite
viber | night | | phone
line | https://vk.com/id1 | | other_platform
simplex | https://simplex.chat/ | | simplex
skype | live: night | | username
file_name | a/ | | file_name
ssid | a name of a wireless network that is too long | | ssid
public_key | ssh-rsa AAAA | | public_key
as_number | AS0 | | as_number
parcel_number | RB123456784NL | | parcel_check
username | https://www.instagram.com/p/AbC/ | instagram | not_an_account
username | https://vk.com/night | instagram | other_platform
username | https://t.me/joinchat/AbC | | invite
phone | 3.16E+10 | | rounded
ip | 8.8.4.4 2026-03-02 20:14:09 | | time_zone
ip | 8.8.4.4 2026-13-02 20:14:09Z | | time
"""


def context(kind, text):
    if not text:
        return Context()
    return Context(platform=text) if kind in {"username", "platform_user_id", "payment_handle", "group"} else Context(country=text)


def parse(line):
    cells = [cell.strip(" ") for cell in line.split("|")]
    return [*cells, "", ""][:5]


@pytest.mark.parametrize("line", [line for line in GOLDEN.strip().split("\n")])
def test_a_value_is_read_by_its_standard(line):
    kind, value, around, expected, warnings = parse(line)
    reading = read(kind, value, context(kind, around))
    assert reading.normalised == expected
    assert " ".join(reading.warnings) == warnings
    assert all(warning_text(kind, code) != code for code in reading.warnings)


@pytest.mark.parametrize("line", [line for line in GOLDEN.strip().split("\n")])
def test_reading_what_was_read_gives_the_same_key(line):
    kind, value, around, *_ = parse(line)
    first = read(kind, value, context(kind, around))
    if kind == "group":
        around = around or "telegram"
    again = read(kind, first.normalised, context(kind, around) if kind not in {"username", "payment_handle"} else Context())
    assert again.keys[0] == first.keys[0]


@pytest.mark.parametrize("line", IMPOSSIBLE.strip().split("\n"))
def test_an_impossible_value_names_its_rule_and_not_itself(line):
    kind, value, around, rule, _ = parse(line)
    with pytest.raises(ImpossibleValue) as refused:
        read(kind, value, context(kind, around))
    assert refused.value.rule == rule
    assert value not in refused.value.detail


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(
    value=st.one_of(st.text(), st.text(alphabet="0123456789abcdefABCDEF+@.:/-[]%x ", max_size=80)),
    country=st.sampled_from([None, "NL", "ES"]),
)
def test_no_text_at_all_breaks_a_reader(kind, value, country):
    try:
        reading = read(kind, value, Context(platform="chat.example" if country else None, country=country))
    except ImpossibleValue as refused:
        assert refused.detail
    else:
        assert reading.keys[0].text


@pytest.mark.parametrize("kind", KINDS)
def test_too_much_text_and_none_are_refused(kind):
    for value in ("", "\ud800", " \u200b ", "a" * 2049, "\ufdfa" * 2000):
        with pytest.raises(ImpossibleValue):
            read(kind, value, Context(platform="x", country="NL"))


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"person"}))
def test_every_kind_has_an_example_that_can_exist(name):
    kind = KINDS[name]
    needs = Context(
        country="NL" if "country" in kind.needs else None, platform="chat.example" if kind.name == "platform_user_id" else None
    )
    assert read(kind.name, kind.example, needs).keys[0].text


def test_the_kinds_are_those_of_the_codelist():
    assert KINDS.keys() == codelists.load("identifier_kinds").codes == codelists.load("kind_by_category").codes


SEEN = datetime(2026, 3, 2, 20, 14, 9, tzinfo=UTC)


def meeting(kind, one, other):
    """How strongly two readings meet, as the register would find."""
    a, b = ({(k.family, k.text): k.strength for k in read(kind, *what).keys} for what in (one, other))
    return max((min(a[key], b[key]) for key in a.keys() & b.keys()), default=None)


@pytest.mark.parametrize(
    ("kind", "one", "other", "strength"),
    [
        ("email", ("heron+a@example.org", Context()), ("heron@example.org", Context()), Strength.POSSIBLE),
        ("email", ("h.eron@gmail.com", Context()), ("heron@googlemail.com", Context()), Strength.POSSIBLE),
        ("email", ("h.eron@example.org", Context()), ("heron@example.org", Context()), None),
        ("username", ("heron", Context(platform="a")), ("heron", Context(platform="b")), Strength.WEAK),
        ("imei", ("490154203237518", Context()), ("4901542032375101", Context()), Strength.STRONG),
        ("pgp_fingerprint", ("0123456789ABCDEF" * 2 + "01234567", Context()), ("89ABCDEF01234567", Context()), Strength.POSSIBLE),
        ("ip", ("8.8.4.4", Context()), ("8.8.4.4", Context(observed_at=SEEN)), Strength.WEAK),
        (
            "ip",
            ("8.8.4.4", Context(observed_at=SEEN + timedelta(minutes=5))),
            ("8.8.4.4", Context(observed_at=SEEN)),
            Strength.STRONG,
        ),
        (
            "ip",
            ("8.8.4.4", Context(observed_at=SEEN + timedelta(minutes=11))),
            ("8.8.4.4", Context(observed_at=SEEN)),
            Strength.WEAK,
        ),
        ("ip", ("100.64.1.1", Context(observed_at=SEEN)), ("100.64.1.1", Context(observed_at=SEEN)), Strength.WEAK),
        (
            "ip",
            ("100.64.1.1", Context(observed_at=SEEN, port=7)),
            ("100.64.1.1", Context(observed_at=SEEN, port=7)),
            Strength.STRONG,
        ),
        ("mac", ("02:1b:63:84:45:e6", Context()), ("02:1b:63:84:45:e6", Context()), Strength.WEAK),
        ("domain", ("straße.example", Context()), ("strasse.example", Context()), None),
        ("national_id", ("198112189876", Context(country="SE")), ("811218-9876", Context(country="SE")), Strength.STRONG),
        ("domain", ("раypal.example", Context()), ("paypal.example", Context()), None),
        ("passport", ("XR1234567", Context(country="NL")), ("XR1234567", Context(country="FR")), None),
    ],
)
def test_how_strongly_two_values_meet(kind, one, other, strength):
    assert meeting(kind, one, other) == strength


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: f"{row['kind']} {row['value1'][:40]}")
def test_a_pair_meets_as_strongly_as_it_must(row):
    result = result_of(row)
    assert result.right, (result.level, result.refused)


def test_every_national_number_has_a_checker_that_exists():
    for country, rule in documents.NATIONAL.items():
        for name in rule["checkers"]:
            assert import_module(f"stdnum.{name}").validate, country


def test_the_table_in_the_documents_has_every_kind_with_its_standard_and_example():
    page = (ROOT / "docs" / "identifiers.md").read_text()
    table = page[page.index("| kind |") :].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    articles = {item.code: item.article for item in codelists.load("identifier_kinds").items}
    found = {cells[0].strip("`"): (cells[1], cells[-1].strip("`")) for cells in rows}
    assert found == {name: (articles[name], kind.example.replace("|", "\\|")) for name, kind in KINDS.items() if name != "person"}
