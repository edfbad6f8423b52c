"""The first part of the tour with a client that openapi-python-client made: token, case, identifiers, overlaps.

It is run by `python -m bench clients`, which puts the generated package on the path.
"""

import sys
from uuid import uuid4

from generated_client import AuthenticatedClient, Client
from generated_client.api.cases import open_case
from generated_client.api.identifiers import register_identifiers
from generated_client.api.overlaps import get_overlap, list_case_overlaps
from generated_client.api.signing_in import issue_token
from generated_client.models import CaseWithContentIn, Country, IdentifierIn, IdentifierKind, IdentifiersIn, TokenIn


def main() -> None:
    """Walk from a token to the first overlap."""
    url, client_id, secret = sys.argv[1:]
    form = TokenIn(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    token = issue_token.sync(client=Client(url), body=form)
    me = AuthenticatedClient(url, token=token.access_token)
    case = open_case.sync(client=me, body=CaseWithContentIn(reference=uuid4().hex, title="Generated", countries=[Country.NL]))
    held = IdentifiersIn([IdentifierIn(kind=IdentifierKind.EMAIL, value="night.heron@example.org")])
    made = register_identifiers.sync(case.id, client=me, body=held, idempotency_key=uuid4().hex)
    page = list_case_overlaps.sync(case.id, client=me)
    found = get_overlap.sync(page.items[0].id, client=me)
    print(f"Python: {made.identifiers[0].kind} is shared with a case of {found.counterpart.authority.name}, {found.state}")


if __name__ == "__main__":
    main()
