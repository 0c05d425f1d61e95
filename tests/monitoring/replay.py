#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# replay.py PORT DIRECTORY - serves the scrapes of another daemon again, one a second: NUMBER.text, and NUMBER.protobuf
# to who asks for that. The last one stays.
import http.server
import pathlib
import sys
import time

PROTOBUF = "application/vnd.google.protobuf"
scrapes = sorted(path.with_suffix("") for path in pathlib.Path(sys.argv[2]).glob("*.text"))
start = time.monotonic()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = scrapes[min(int(time.monotonic() - start), len(scrapes) - 1)]
        if PROTOBUF in self.headers.get("Accept", ""):
            kind = PROTOBUF + "; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            body = path.with_suffix(".protobuf").read_bytes()
        else:
            kind = "text/plain; version=0.0.4; charset=utf-8"
            body = path.with_suffix(".text").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
