-- An authority that forwarded a request keeps a side of its own, on which it reads and follows the request.
alter table parties drop constraint party_side, add constraint party_side check (side in ('requesting', 'executing', 'enforcing', 'forwarding',
    'negotiating', 'member', 'participant', 'host', 'invited'));
