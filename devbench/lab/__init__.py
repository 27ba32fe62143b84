"""A laboratory that measures every night: groups, health, gold case, verification, reservations."""
