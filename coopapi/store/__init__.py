"""The database at run time: transactions, encryption, quotas and alarms."""
