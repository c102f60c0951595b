"""BIND as the primary of a policy zone: TLS (XoT), IXFR, signed notices."""

from .primary import ADDRESS, KEY, ZONE, Server, zone_text
from .process import Process, free_port
from .wait import until


class Bind(Server):
    """named with one zone, which set() changes. Transfers are by TLS only if tls is given (the
    files of certificate and key); client_ca: clients have to show a certificate."""

    def __init__(self, folder, records, tls, client_ca=None, notify_port=None):
        self.folder, self.serial = folder, 1
        self.port, self.tls_port = free_port(ADDRESS), free_port(ADDRESS)
        folder.mkdir()
        self.path = folder / "zone"
        self.path.write_text(zone_text(1, records))
        notify = f"notify explicit; also-notify {{ {ADDRESS} port {notify_port} key {KEY[1]}; }};"
        client = f'ca-file "{client_ca}";' if client_ca else ""
        (folder / "named.conf").write_text(f"""
            tls xot {{ cert-file "{tls[0]}"; key-file "{tls[1]}"; {client} }};
            key {KEY[1]} {{ algorithm {KEY[0]}; secret "{KEY[2]}"; }};
            controls {{ }};
            options {{
                directory "{folder}"; pid-file none; session-keyfile none; recursion no;
                listen-on port {self.port} {{ {ADDRESS}; }}; listen-on-v6 {{ none; }};
                listen-on port {self.tls_port} tls xot {{ {ADDRESS}; }};
                notify-delay 0; startup-notify-rate 1000; notify-rate 1000;
            }};
            zone "{ZONE}" {{
                type primary; file "zone"; ixfr-from-differences yes; max-ixfr-ratio unlimited;
                allow-transfer port {self.tls_port} transport tls {{ key {KEY[1]}; }};
                {notify if notify_port else "notify no;"}
            }};""")
        words = ["named", "-g", "-n", "1", "-c", folder / "named.conf"]
        self.process = Process(words, folder, "named")
        until(self.answers, lambda: f"named to answer: {self.process.output()}")
