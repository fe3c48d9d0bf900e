"""Settings that are refused, and what is said of them: bad tokens, and doors that would be open to a network."""

import traceback
from typing import Any

import pytest
from pydantic import ValidationError

import bearer
from settings import BadSettings, Settings

# All tokens have these letters in them, and no error may.
MARK = "Zz9"
FIRST, SECOND = f"first-token-of-{MARK}", f"other-token-of-{MARK}"
HASH = bearer.hash_of(FIRST)


def settings_with(**given: Any) -> Settings:
    return Settings.model_validate({"host": "127.0.0.1", "api_tokens": {}, **given})


def refusal(**given: Any) -> str:
    """What is said of a bad value, as a log would have it."""
    with pytest.raises(ValidationError) as caught:
        settings_with(**given)
    told = "".join(traceback.format_exception(caught.value))
    assert MARK not in told
    return told


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "It is set, but empty"),
        (" ", "It is set, but empty"),
        (f"acme:{MARK}", "Token 1 of tenant 'acme' has 3 characters, and must have 16 or more"),
        (f"acme:{FIRST},beta:q", "Token 1 of tenant 'beta' has 1 character, and must have 16 or more"),
        (f"acme:{FIRST}|{MARK}", "Token 2 of tenant 'acme' has 3 characters"),
        (f"acme:{FIRST}|", "Token 2 of tenant 'acme' has 0 characters"),
        (f"acme:a,b:{MARK}", "Token 1 of tenant 'acme' has 1 character"),
        (f"acme:{FIRST},{MARK}", "Entry 2 has no colon: expected TENANT:TOKEN. A token cannot contain a comma"),
        (f"acme:{FIRST},,beta:{SECOND}", "Entry 2 is empty"),
        (f"acme:{FIRST},", "Entry 2 is empty"),
        (f":{FIRST}", "Entry 1 has no printable tenant before its colon"),
        (f"acme:{FIRST},acme:{SECOND}", "Tenant 'acme' is named twice. Write acme:TOKEN|TOKEN"),
        (f"acme:{FIRST},beta:{FIRST}", "Token 1 of tenant 'beta' repeats an earlier one (Token 1 of tenant 'acme')"),
        (f"acme:{FIRST}|{FIRST}", "Token 2 of tenant 'acme' repeats an earlier one (Token 1 of tenant 'acme')"),
        (f"acme:{FIRST},beta:{HASH}", "Token 1 of tenant 'beta' repeats an earlier one (Token 1 of tenant 'acme')"),
        (f"acme:the token of {MARK}", "Token 1 of tenant 'acme' may only have letters, digits"),
        (f"acme:thé-tökén-öf-{MARK}", "Token 1 of tenant 'acme' may only have letters, digits"),
        (f"acme:sha512=0123456789{MARK}", "Token 1 of tenant 'acme' may only have letters, digits"),
        (f"acme:sha256={MARK}", "Token 1 of tenant 'acme' must have 64 hexadecimal digits behind sha256="),
    ],
)
def test_m9_a_bad_token_is_refused_by_its_tenant_and_place_and_not_repeated(written: str, said: str) -> None:
    assert said in refusal(api_tokens=written)


def test_m9_a_tenant_may_have_two_tokens_and_the_hash_of_one() -> None:
    settings = settings_with(api_tokens=f" acme : {FIRST} | {bearer.hash_of(SECOND)} , beta:{'b' * 16}")
    digests = {tenant: [bearer.digest_of(each) for each in tokens] for tenant, tokens in settings.api_tokens.items()}
    assert digests == {
        "acme": [bearer.digest(FIRST), bearer.digest(SECOND)],
        "beta": [bearer.digest("b" * 16)],
    }


def test_m9_metrics_have_a_token_of_their_own_that_is_as_long() -> None:
    assert "metrics_token\n  Value error, has 3 characters, and must have 16 or more" in refusal(metrics_token=MARK)
    assert "is also a token of a tenant" in refusal(metrics_token=SECOND, api_tokens=f"acme:{bearer.hash_of(SECOND)}")
    assert settings_with(metrics_token=HASH).metrics_digest == bearer.digest(FIRST)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.20", "10.0.0.7", "stepglass.example", "127.0.0.1.x"])
def test_m10_beyond_loopback_nothing_is_open_without_tokens_unless_a_setting_says_so(host: str) -> None:
    with pytest.raises(BadSettings, match=r"STEPGLASS_HOST is .*STEPGLASS_API_TOKENS.*STEPGLASS_ALLOW_ANONYMOUS=1"):
        settings_with(host=host).guard_api()
    with pytest.raises(BadSettings, match=r"STEPGLASS_METRICS_TOKEN is not set"):
        settings_with(host=host, metrics=True, api_tokens=f"acme:{FIRST}").guard_metrics()
    for settings in (
        settings_with(host=host, metrics=True, api_tokens=f"acme:{FIRST}", metrics_token=SECOND),
        settings_with(host=host, metrics=True, allow_anonymous=True),
    ):
        settings.guard_api()
        settings.guard_metrics()
    settings_with(host=host).guard_metrics()
    settings_with(host=host, metrics=True, metrics_port=0).guard_metrics()


@pytest.mark.parametrize(
    ("host", "reached_at"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("10.0.0.7", "10.0.0.7"),
        ("fd00::7", "[fd00::7]"),
        ("localhost", "localhost"),
    ],
)
def test_the_address_of_the_api_is_one_that_this_machine_reaches(host: str, reached_at: str) -> None:
    assert settings_with(host=host, port=8000, public_url=None).url == f"http://{reached_at}:8000"


@pytest.mark.parametrize(
    ("given", "opening"),
    [
        ({"public_url": "https://stepglass.example"}, "STEPGLASS_PUBLIC_URL is 'https://stepglass.example'"),
        ({"public_url": "http://192.168.1.20:8000/app"}, "STEPGLASS_PUBLIC_URL is 'http://192.168.1.20:8000/app'"),
        ({"hosts": "*"}, "STEPGLASS_HOSTS is '*'"),
        ({"hosts": "localhost, studio.lan"}, "STEPGLASS_HOSTS is 'localhost,studio.lan'"),
    ],
)
def test_m10_a_name_beyond_loopback_opens_the_api_as_an_address_does(given: dict[str, str], opening: str) -> None:
    with pytest.raises(BadSettings) as caught:
        settings_with(**given).guard_api()
    told, variable = str(caught.value), opening.partition(" ")[0]
    assert told.startswith(f"{opening}, which is not only this machine, and STEPGLASS_API_TOKENS is not set")
    assert f"or unset {variable}." in told
    settings_with(**given, api_tokens=f"acme:{FIRST}").guard_api()
    allowed = settings_with(**given, allow_anonymous=True)
    allowed.guard_api()
    assert allowed.anonymous_api
    # A proxy in front of the API does not lead to a worker's port.
    settings_with(**given, metrics=True).guard_metrics()


@pytest.mark.parametrize(
    "given", [{"public_url": "http://localhost:8000"}, {"public_url": "http://[::1]:8000"}, {"hosts": "localhost, ::1"}]
)
def test_m10_names_of_this_machine_open_nothing(given: dict[str, str]) -> None:
    settings = settings_with(**given)
    settings.guard_api()
    assert not settings.anonymous_api


@pytest.mark.parametrize("login", ["", f"café:{MARK}", f"two words:{MARK}", f"name:{MARK}\n"])
def test_m9_a_login_that_prefect_cannot_take_is_refused_and_not_repeated(login: str) -> None:
    assert "expected NAME:PASSWORD of ASCII letters, digits" in refusal(prefect_api_auth_string=login)


def test_m9_a_login_of_ascii_letters_and_punctuation_is_taken() -> None:
    login = settings_with(prefect_api_auth_string="admin:p@ss~w0rd!").prefect_api_auth_string
    assert login and login.get_secret_value() == "admin:p@ss~w0rd!"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://app.example", "https://app.example"),
        ("https://app.example/", "https://app.example"),
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80/", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("*", "*"),
    ],
)
def test_c1_origins_are_written_as_browsers_send_them(written: str, origin: str) -> None:
    assert settings_with(cors_origins=f"http://localhost:5173,{written}").cors_origins[1] == origin


@pytest.mark.parametrize(
    "written",
    ["app.example", "//app.example", "https://", "https://app.example/page", "https://app.example?a", "file:///"]
    + ["https://app.example:70000", "https://*.example", "https://name@app.example", "https://app example"],
)
def test_c1_what_is_no_origin_of_a_page_is_refused(written: str) -> None:
    assert f"'{written}' is not the origin of a page: expected https://HOST" in refusal(cors_origins=written)


def test_c1_the_origin_that_every_sandboxed_frame_has_is_refused() -> None:
    for written in ("null", "https://app.example, NULL"):
        assert "null is the origin of every sandboxed frame" in refusal(cors_origins=written)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "::1", "::ffff:127.0.0.1"])
def test_m10_on_this_machine_tokens_are_not_needed(host: str) -> None:
    settings = settings_with(host=host, metrics=True)
    settings.guard_api()
    settings.guard_metrics()
    assert not settings.anonymous_api and not settings.anonymous_metrics
