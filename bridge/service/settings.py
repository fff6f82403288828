"""From settings to what every command asks of them: the rules of a company, whose events are whose, and where Kafka is.

Apart from `bridge.service.app`, because a command that only reads topics need not import the machine.
"""

from __future__ import annotations

from bridge.config.settings import CompanySettings, KafkaSettings, Settings
from bridge.decoding.routing import Route, Router
from bridge.kafka.connection import KafkaConnection
from mappings.rules import MappingRules, load_rules


def company_rules(company: CompanySettings) -> MappingRules:
    """The rules of one company: its file, or the defaults, with what its own configuration adds."""
    text = company.rules.read_text(encoding="utf-8") if company.rules else ""
    rules = load_rules(text, source=str(company.rules or "rules"))
    return rules.for_company(shop_domains=company.shop_domains, livemode_required=company.environment == "production")


def company_router(settings: Settings) -> Router:
    """Which events go to which company."""
    return Router(
        Route(company.name, frozenset(company.shop_domains), frozenset(company.stripe_accounts))
        for company in settings.companies
    )


def kafka_connection(settings: KafkaSettings) -> KafkaConnection:
    """How to reach the brokers, in the words of the Kafka side."""
    password, key_password = settings.sasl_plain_password, settings.ssl_password
    return KafkaConnection(
        bootstrap_servers=settings.bootstrap_servers,
        security_protocol=settings.security_protocol,
        transactions=settings.transactions,
        sasl_mechanism=settings.sasl_mechanism or "PLAIN",
        sasl_plain_username=settings.sasl_plain_username,
        sasl_plain_password=password.get_secret_value() if password else None,
        ssl_cafile=str(settings.ssl_cafile) if settings.ssl_cafile else None,
        ssl_certfile=str(settings.ssl_certfile) if settings.ssl_certfile else None,
        ssl_keyfile=str(settings.ssl_keyfile) if settings.ssl_keyfile else None,
        ssl_password=key_password.get_secret_value() if key_password else None,
        ssl_check_hostname=settings.ssl_check_hostname,
        client_id=settings.client_id,
        group=settings.group,
    )
