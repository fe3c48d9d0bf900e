"""The model's address and its key: where the key may go."""

import pytest

from flows.models import config_of, model_of
from settings import BadSettings, Settings

KEY = "sk-of-somebody"


def settings_with(url: str | None, key: str | None = KEY, *, allow_plaintext: bool = False) -> Settings:
    given = {"openai_base_url": url, "openai_api_key": key, "allow_plaintext": allow_plaintext}
    return Settings.model_validate(given)


@pytest.mark.parametrize(
    "url",
    ["http://models.example/v1", "http://203.0.114.9:8001/v1", "http://[2a00:1450::1]/v1", "http://134744072/v1"],
)
def test_l9_a_key_does_not_cross_the_internet_in_plain_text_unless_a_setting_says_so(url: str) -> None:
    with pytest.raises(
        BadSettings, match="is an http:// address on the internet .* STEPGLASS_ALLOW_PLAINTEXT=1"
    ) as told:
        config_of(settings_with(url))
    assert KEY not in str(told.value)
    assert config_of(settings_with(url, allow_plaintext=True)).key == KEY
    assert config_of(settings_with(url, key=None)).url == url
    assert config_of(settings_with(url.replace("http:", "https:"))).key == KEY


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://10.0.0.7:8001/v1", "the model key goes to 10.0.0.7:8001 unencrypted"),
        ("http://[fd00::7]/v1", "the model key goes to fd00::7 unencrypted"),
        ("http://100.64.0.7/v1", "the model key goes to 100.64.0.7 unencrypted"),
        ("http://ollama:11434/v1", "the model key goes to ollama:11434 unencrypted"),
        ("http://gpu.lan/v1", "the model key goes to gpu.lan unencrypted"),
        ("http://vllm.models.svc.cluster.local/v1", "the model key goes to vllm.models.svc.cluster.local unencrypted"),
        ("http://127.0.0.1:8001/v1", ""),
        ("https://models.example/v1", ""),
        (None, ""),
    ],
)
def test_l9_in_a_private_network_it_does_with_a_warning(
    url: str | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    model_of(settings_with(url))
    assert [record.getMessage().partition(": anyone")[0] for record in caplog.records] == ([said] if said else [])
    caplog.clear()
    model_of(settings_with(url, key=None if url else KEY))
    assert caplog.records == []


def test_l9_what_can_be_no_address_or_key_is_a_bad_setting() -> None:
    with pytest.raises(BadSettings, match="must be of the form"):
        config_of(settings_with("models.example"))
    with pytest.raises(BadSettings, match="Was more than it pasted"):
        config_of(settings_with(None, "sk of somebody"))
