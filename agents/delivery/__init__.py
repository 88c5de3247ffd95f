"""Delivery to people: notifications from their topic to Alertmanager, webhooks and chat robots, by a process of its own."""
