"""The configuration file and the environment over it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bridge.config.settings import Settings, load_settings
from bridge.config.types import token_key_bytes
from contracts.errors import ConfigurationError

COMPANY = """
[[companies]]
name = "acme-us"
realm_id = "9130000000000001"
environment = "sandbox"
client_id = "app"
shop_domains = ["acme.myshopify.com"]
stripe_accounts = ["default"]
"""
SECOND = """
[[companies]]
name = "beta"
realm_id = "9130000000000002"
environment = "sandbox"
client_id = "app"
"""
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


def load(folder: Path, text: str = COMPANY, environ: dict[str, str] | None = None) -> Settings:
    path = folder / "bridge.toml"
    path.write_text(text)
    return load_settings(path, environ or {})


def complaint(folder: Path, text: str = COMPANY, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text, environ)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def test_a_small_file_gets_the_published_defaults(tmp_path: Path) -> None:
    """One company is enough; everything else has the default of the interface."""
    settings = load(tmp_path)
    company = settings.companies[0]
    limits = company.limits.model_dump()
    assert limits == {
        "requests_per_minute": 500,
        "requests_per_second": 10,
        "concurrent_requests": 10,
        "batches_per_minute": 40,
        "batch_items": 30,
    }
    assert settings.topics.events == ("shopify.events", "stripe.events")
    assert settings.tokens.path == tmp_path / "tokens.enc"
    assert company.base_url == "https://sandbox-quickbooks.api.intuit.com"
    assert settings.company("acme-us") is company


def test_the_environment_overrides_any_value(tmp_path: Path) -> None:
    """Numbers, flags, lists as JSON, a company by its name, and a table inside a company."""
    environ = {
        "QBO_BRIDGE_HTTP__PORT": "0",
        "QBO_BRIDGE_KAFKA__TRANSACTIONS": "false",
        "QBO_BRIDGE_TOPICS__EVENTS": '["one", "two"]',
        "QBO_BRIDGE_COMPANIES__ACME_US__LIMITS__BATCH_ITEMS": "7",
        "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "hush",
        "QBO_BRIDGE_TEST_KAFKA": "no section, no setting",
    }
    settings = load(tmp_path, environ=environ)
    assert settings.http.port == 0
    assert settings.kafka.transactions is False
    assert settings.topics.events == ("one", "two")
    assert settings.companies[0].limits.batch_items == 7
    secret = settings.companies[0].client_secret
    assert secret is not None
    assert secret.get_secret_value() == "hush"


def test_secrets_are_masked(tmp_path: Path) -> None:
    """Nobody who prints or logs the settings prints a secret."""
    environ = {"QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "hush", "QBO_BRIDGE_TOKENS__KEY": KEY}
    settings = load(tmp_path, environ=environ)
    assert "hush" not in repr(settings)
    assert KEY not in repr(settings)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """`*_FILE` names a file beside the configuration; the line end that an editor leaves is not part of it."""
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "former").write_text(f'["{KEY}"]\n')
    environ = {"QBO_BRIDGE_TOKENS__KEY_FILE": "key", "QBO_BRIDGE_TOKENS__FORMER_KEYS_FILE": "former"}
    settings = load(tmp_path, environ=environ)
    assert [token_key_bytes(each) for each in settings.tokens.former_keys] == [bytes(range(32))]
    assert settings.tokens.key is not None
    assert token_key_bytes(settings.tokens.key) == bytes(range(32))


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    """It does not matter in which folder the process was started."""
    (tmp_path / "acme.rules.toml").write_text("")
    settings = load(tmp_path, COMPANY + 'rules = "acme.rules.toml"\n')
    assert settings.companies[0].rules == tmp_path / "acme.rules.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["companies is missing"]),
        ("x =", ["expected TOML"]),
        (COMPANY + "[http]\nport = 99999\n", ["http.port", "from 0 to 65535"]),
        (COMPANY + "[http]\nprot = 1\n", ["http.prot is not a setting", "port"]),
        (COMPANY + '[tokens]\nkey = "k"\n', ["tokens.key is a secret", "QBO_BRIDGE_TOKENS__KEY", "_FILE"]),
        (
            COMPANY + '[tokens]\nformer_keys = ["k"]\n',
            ["tokens.former_keys is a secret", "QBO_BRIDGE_TOKENS__FORMER_KEYS"],
        ),
        (COMPANY + '[markers]\nkey = "k"\n', ["markers.key is a secret", "QBO_BRIDGE_MARKERS__KEY"]),
        (COMPANY + 'client_secret = "k"\n', ["secret", "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET"]),
        (COMPANY + 'rules = "none.toml"\n', ["companies.acme-us.rules", "rules file that exists"]),
        (COMPANY + "[companies.limits]\nbatch_items = 31\n", ["acme-us.limits.batch_items", "from 1 to 30"]),
        (COMPANY.replace('"sandbox"', '"prod"'), ["acme-us.environment", '"production"']),
        (COMPANY + SECOND + 'stripe_accounts = ["default"]\n', ["'default' is listed by acme-us and beta"]),
        (COMPANY + SECOND + 'shop_domains = ["ACME.myshopify.com"]\n', ["'acme.myshopify.com' is listed by"]),
        (COMPANY + SECOND.replace('0002"', '0001"'), ["realm_id", "acme-us and beta"]),
        (COMPANY + COMPANY.replace("acme-us", "ACME_us"), ["both ACME_US in the environment"]),
        (COMPANY + '[topics]\nresults = "shopify.events"\n', ["'shopify.events' is named twice"]),
        (COMPANY + '[kafka]\nsecurity_protocol = "SASL_SSL"\n', ["kafka.sasl_mechanism is missing"]),
        (COMPANY + '[kafka]\nbootstrap_servers = "here"\n', ["kafka.bootstrap_servers", "host:port"]),
        (COMPANY + "[kafka]\nheartbeat_interval_ms = 12000\n", ["heartbeat_interval_ms", "less than"]),
        (COMPANY + '[kafka]\ntransactions = "no"\n', ["kafka.transactions: expected true, or false"]),
        (COMPANY + "[topics]\ncreate = 0\n", ["topics.create: expected true or false"]),
        (COMPANY + 'api_base_url = "https://host/v3"\n', ["acme-us.api_base_url", "without a path"]),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, words: list[str]) -> None:
    """It names the file, the key and what is expected."""
    said = complaint(tmp_path, text)
    assert said.startswith(f"{tmp_path / 'bridge.toml'}: ")
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("QBO_BRIDGE_HTTP__PORT", "many", ["http.port (from QBO_BRIDGE_HTTP__PORT)", "from 0 to 65535"]),
        ("QBO_BRIDGE_HTTP__PROT", "1", ["names no setting", "port"]),
        ("QBO_BRIDGE_HTP__PORT", "1", ["names no section"]),
        ("QBO_BRIDGE_COMPANIES__BETA__CLIENT_ID", "x", ["names no company", "ACME_US"]),
        ("QBO_BRIDGE_COMPANIES__ACME_US", "x", ["names no company"]),
        ("QBO_BRIDGE_TOPICS__EVENTS", "one,two", ["JSON list"]),
        ("QBO_BRIDGE_KAFKA__TRANSACTIONS", "off", ["kafka.transactions (from QBO_BRIDGE_KAFKA__TRANSACTIONS)", "true"]),
        ("QBO_BRIDGE_TOKENS__KEY", "short", ["tokens.key (from QBO_BRIDGE_TOKENS__KEY)", "32 bytes"]),
        ("QBO_BRIDGE_TOKENS__FORMER_KEYS", '["short"]', ["QBO_BRIDGE_TOKENS__FORMER_KEYS", "32 bytes"]),
        ("QBO_BRIDGE_MARKERS__KEY", "short", ["markers.key (from QBO_BRIDGE_MARKERS__KEY)", "32 bytes"]),
        ("QBO_BRIDGE_TOKENS__KEY_FILE", "nowhere", ["QBO_BRIDGE_TOKENS__KEY_FILE", "No such file"]),
    ],
)
def test_a_wrong_variable_is_one_sentence(tmp_path: Path, name: str, value: str, words: list[str]) -> None:
    """It names the variable and what is expected, and never shows a secret's value."""
    said = complaint(tmp_path, environ={name: value})
    assert all(word in said for word in words), said
    assert "short" not in said


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """The variable and its `_FILE` together leave open which one was meant."""
    (tmp_path / "key").write_text(KEY)
    environ = {"QBO_BRIDGE_TOKENS__KEY": KEY, "QBO_BRIDGE_TOKENS__KEY_FILE": "key"}
    assert "expected one of them" in complaint(tmp_path, environ=environ)


def test_an_override_cannot_make_two_companies_one(tmp_path: Path) -> None:
    """Two companies of one name would share a consumer group, and lose each other's offsets."""
    environ = {"QBO_BRIDGE_COMPANIES__BETA__NAME": "acme-us"}
    assert "names that differ" in complaint(tmp_path, COMPANY + SECOND, environ)


def test_a_rules_file_that_is_still_to_be_written_is_none_yet(tmp_path: Path) -> None:
    """`rules init` writes the file that the configuration names. Guard: `_pass_over`."""
    text = COMPANY + 'rules = "acme.rules.toml"\n'
    path = tmp_path / "bridge.toml"
    path.write_text(text)
    assert load_settings(path, {}, rules_to_come=tmp_path / "acme.rules.toml").companies[0].rules is None
    with pytest.raises(ConfigurationError, match="rules file that exists"):
        load_settings(path, {}, rules_to_come=tmp_path / "another.toml")
    (tmp_path / "acme.rules.toml").write_text("")
    assert load_settings(path, {}, rules_to_come=tmp_path / "acme.rules.toml").companies[0].rules is not None


def test_a_missing_file_says_how_to_name_another(tmp_path: Path) -> None:
    """The commonest first mistake is to start in the wrong folder."""
    with pytest.raises(ConfigurationError, match=r"absent\.toml: No such file or directory; expected .*--config"):
        load_settings(tmp_path / "absent.toml", {})


def test_production_tokens_never_cross_a_network_in_the_clear(tmp_path: Path) -> None:
    """Plain http is for sandboxes, and for production only on the machine itself."""
    text = COMPANY.replace('"sandbox"', '"production"')
    assert "expected https" in complaint(tmp_path, text + 'api_base_url = "http://books.example"\n')
    assert load(tmp_path, text + 'api_base_url = "http://127.0.0.1:8100/"\n').companies[0].base_url.endswith(":8100")
