"""Real servers for the daemon tests: Unbound with the module, Redis, an authoritative server.

Every server runs in a separate folder under the session's temporary folder, on loopback or a unix
socket, and is ended by process id. Tests never sleep: tests wait on a condition with a deadline
(wait.until).
"""
