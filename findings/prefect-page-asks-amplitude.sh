#!/bin/sh
# Prefect 3.8.8: the page of a self-hosted server asks Amplitude for a session replay configuration, also when the
# server's analytics are off and DO_NOT_TRACK is set.
#
# Guess before: PREFECT_SERVER_ANALYTICS_ENABLED=false and DO_NOT_TRACK=1 keep the page from asking any other server.
# Seen: each of its pages asks https://sr-client-cfg.amplitude.com/config/<key>?config_group=browser. Both settings
# concern what the server itself sends. Pages that know no other server need a Content-Security-Policy in front of it
# (`connect-src 'self'`), as `stepglass up` sends one.
#
# Needs Python 3.11 and a Chromium ($CHROMIUM, or chromium in the PATH). Names of hosts are resolved nowhere but on this
# machine, so that nothing is sent anywhere.
set -eu
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    prefect==3.8.8 fastapi==0.150.0 'sqlalchemy[asyncio]==2.0.58' playwright==1.65.2
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PREFECT_HOME="$folder/home" PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
export PREFECT_API_URL="http://127.0.0.1:$port/api"
"$folder/venv/bin/prefect" server start --host 127.0.0.1 --port "$port" >"$folder/server.log" 2>&1 &
server=$!
"$folder/venv/bin/python" - "$port" "$chromium" <<'PYTHON'
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

home, chromium = f"http://127.0.0.1:{sys.argv[1]}", sys.argv[2]
end = time.monotonic() + 120
while True:
    try:
        urllib.request.urlopen(f"{home}/api/health", timeout=2).close()
        break
    except OSError:
        if time.monotonic() > end:
            sys.exit("The server did not start within 120 s.")
        time.sleep(0.2)
asked = []
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=chromium,
        chromium_sandbox=False,
        args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking"],
    )
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}/v2/dashboard")
    page.wait_for_timeout(8000)
    browser.close()
elsewhere = sorted({url.partition("?")[0].rpartition("/")[0] for url in asked if not url.startswith((home, "blob:", "data:"))})
print("Prefect 3.8.8 asked elsewhere:", elsewhere)
if elsewhere != ["https://sr-client-cfg.amplitude.com/config"]:
    sys.exit("This has changed.")
PYTHON
