# SPDX-License-Identifier: GPL-2.0-only
#
# answers.py FILE - a server that answers as Prometheus would, what FILE (diff --save) has; or what the first part of the
# path says instead. Prints its port.
import gzip
import http.server
import json
import sys
import time
import urllib.parse


def read(path):
    """Answers in their order: base's, then new's."""
    answers = []
    with open(path, "rb") as file:
        file.readline()
        while line := file.readline():
            answers.append(file.read(json.loads(line)["bytes"]))
            file.read(1)
    return answers


class Handler(http.server.BaseHTTPRequestHandler):
    answers = read(sys.argv[1])
    asked = 0

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def good(self, form, **headers):
        # Questions come in the order of the answers; the first one is of BASE, and the only one that asks for its HZ.
        if "hz" in form["query"][0] and "6.17.9" in form["query"][0]:
            Handler.asked = 0
        body = self.answers[Handler.asked]
        Handler.asked += 1
        self.answer(200, gzip.compress(body) if headers else body, Content_Type="application/json", **headers)

    def do_POST(self):
        what, rest = self.path[1:].split("/", 1)
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if rest != "api/v1/query" or not form["time"] or what == "nothing":
            self.answer(404, b"404 page not found", Content_Type="text/plain")
        elif what == "slow":
            time.sleep(0.7)
        elif what == "redirect":
            self.answer(302, b"", Location="http://127.0.0.1:1/elsewhere")
        elif what == "page":
            self.answer(200, b"<html>Log in</html>", Content_Type="text/html")
        elif what == "huge":
            self.answer(200, b" " * ((64 << 20) + 1), Content_Type="application/json")
        elif what == "bad-gzip":
            self.answer(200, b"no gzip", Content_Encoding="gzip")
        elif what == "auth" and self.headers["Authorization"] != "Bearer swordfish":
            self.answer(401, b"Unauthorized", Content_Type="text/plain")
        elif what == "gzip" and "gzip" in self.headers["Accept-Encoding"]:
            self.good(form, Content_Encoding="gzip")
        else:
            self.good(form)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
