"""HTTP: the server, the blueprint that guards every route, the fields of schemas, paging, and problem documents."""
