"""Loads plugins one by one, keeps what each brought, and asks them through a typed facade."""
