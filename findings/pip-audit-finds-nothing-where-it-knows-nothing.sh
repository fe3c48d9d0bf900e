#!/bin/sh
# pip-audit 2.10.1: packages that PyPI does not know are skipped, and the audit succeeds.
#
# Guess before: a package that cannot be audited makes the audit fail, or at least exit with another code than 0.
# Seen: "No known vulnerabilities found", exit code 0; a table names what was skipped. PyPI's fixed address is asked
# whatever index is configured, so behind a mirror that answers 404 there, an audit of everything succeeds with nothing
# audited. `--strict` exits with 1, as for a vulnerability. `make audit` therefore also asks about a release that is
# known to be vulnerable, and trusts no answer without it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pip-audit==2.10.1
echo 'a-package-of-our-own-that-nobody-published==1.0' >"$folder/requirements.txt"
code=0
"$folder/venv/bin/pip-audit" --version
"$folder/venv/bin/pip-audit" --disable-pip --no-deps --progress-spinner off -r "$folder/requirements.txt" \
    >"$folder/said" 2>&1 || code=$?
cat "$folder/said"
echo "exit code $code"
[ "$code" = 0 ] && grep -q "No known vulnerabilities found" "$folder/said" || { echo "This has changed."; exit 1; }
