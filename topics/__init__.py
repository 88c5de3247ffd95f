"""The contracts: what every topic is called, carries, promises and costs."""
