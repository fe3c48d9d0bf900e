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
    return Settings.model_validate({"host": "127.0.0.1", "api_tokens": "", **given})


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "::1", "::ffff:127.0.0.1"])
def test_m10_on_this_machine_tokens_are_not_needed(host: str) -> None:
    settings = settings_with(host=host, metrics=True)
    settings.guard_api()
    settings.guard_metrics()
    assert not settings.anonymous_api and not settings.anonymous_metrics
