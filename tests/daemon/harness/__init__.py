"""Real servers for the daemon tests: Unbound with the module, Redis, an authoritative server.

Every server runs in a folder of its own under the session's temporary folder, on loopback or a
unix socket, and is ended by its process id. Tests never sleep: they wait on a condition with a
deadline (wait.until).
"""
