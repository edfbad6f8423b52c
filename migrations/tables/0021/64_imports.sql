-- Rows that imports made are found by their keys.
drop index imported_rows_by_row;
