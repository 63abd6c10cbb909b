"""Avatars for the programs of others: voice agents, calls, a service."""
