-- A client may skip an event that its receiver cannot take, so that the later ones of the same case are sent.
alter table webhook_deliveries drop constraint webhook_delivery_state, add constraint webhook_delivery_state
    check (state in ('waiting', 'delivered', 'failed', 'withheld', 'skipped'));
