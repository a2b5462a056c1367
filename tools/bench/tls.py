"""TLS in front of the stand-in: nginx with a certificate of the moment."""

import shutil
from pathlib import Path

from bench.paths import BUILD
from bench.processes import HOST, BenchmarkError, Program, free_port, run

FOLDER = BUILD / "tls"
CERTIFICATE = FOLDER / "certificate.pem"
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    upstream management {{ server {host}:{backend}; keepalive 512; keepalive_requests 100000000; }}
    server {{
        listen {host}:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {folder}/key.pem;
        location / {{
            proxy_pass http://management;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def make_certificate() -> Path:
    """A self-signed ECDSA P-256 certificate of 127.0.0.1, which clients are told to trust."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    openssl = shutil.which("openssl")
    if openssl is None:
        raise BenchmarkError("The TLS rows need openssl.")
    run(
        f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN={HOST} "
        f"-addext subjectAltName=IP:{HOST} -keyout key.pem -out {CERTIFICATE.name}".split(),
        folder=FOLDER,
    )
    return CERTIFICATE


class TlsFront(Program):
    """nginx, speaking TLS for a port that does not."""

    def __init__(self, backend: int) -> None:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            raise BenchmarkError("The TLS rows need nginx: apt-get install nginx-light.")
        port = free_port()
        make_certificate()
        configuration = FOLDER / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(folder=FOLDER, host=HOST, port=port, backend=backend, certificate=CERTIFICATE),
            encoding="utf-8",
        )
        super().__init__([nginx, "-c", configuration, "-e", "stderr", "-p", FOLDER], log=BUILD / "log" / "nginx.log")
        self.wait_for_port(port)
        self.url = f"https://{HOST}:{port}"
