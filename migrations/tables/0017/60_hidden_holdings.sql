-- The holdings of a token in hidden cases are counted without reading all others.
create index holdings_hidden on holdings (token, case_id) where hidden;
