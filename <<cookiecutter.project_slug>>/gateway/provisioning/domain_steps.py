"""How the steps around a custom domain are taken."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from gateway.provisioning.desired import tags_of
from gateway.provisioning.domains import REQUESTED
from gateway.provisioning.exceptions import ProvisioningError, WaitingError
from gateway.provisioning.plan import Action, Step
from gateway.provisioning.state import Kind
from gateway.provisioning.steps import Run, changed, current_of, wanted_of

POLLS: Final = 36
POLL_SECONDS: Final = 5.0
"""Three minutes: a certificate validated through Route 53 is usually issued within two."""


def request_certificate(run: Run, step: Step) -> None:
    answer = run.plane.call(
        "acm",
        "request_certificate",
        DomainName=step.key,
        ValidationMethod="DNS",
        # Should the answer be lost, botocore asks again with the same token, and ACM makes no second certificate.
        IdempotencyToken=uuid4().hex,
        Tags=[{"Key": key, "Value": value} for key, value in tags_of(run.records.gateway).items()],
    )
    run.records.remember(Kind.CERTIFICATE, step.key, answer["CertificateArn"])


def delete_certificate(run: Run, step: Step) -> None:
    for record in _validation_records(current_of(step).detail):
        if run.records.gateway.hosted_zone_id:
            _remove_record(run, record)
    run.plane.call("acm", "delete_certificate", CertificateArn=current_of(step).id)
    run.records.forget(Kind.CERTIFICATE, step.key)


def _issued_certificate(run: Run, arn: str) -> None:
    """Returns when the certificate can be used. Raises `WaitingError` with the DNS record that is missing."""
    for _ in range(POLLS):
        detail = run.plane.call("acm", "describe_certificate", CertificateArn=arn)["Certificate"]
        if detail["Status"] == "ISSUED":
            return
        if detail["Status"] != "PENDING_VALIDATION":
            raise ProvisioningError(
                f"The certificate {arn} is {detail['Status'].lower().replace('_', ' ')}: give the gateway another certificate_arn, "
                "or empty it so that one is requested."
            )
        records = _validation_records(detail)
        if records and run.records.gateway.hosted_zone_id:
            for record in records:
                _change_record(run, "UPSERT", record)
        elif records:
            shown = "; ".join(f"{r['Name']} {r['Type']} {r['ResourceRecords'][0]['Value']}" for r in records)
            raise WaitingError(
                f"The certificate waits for a DNS record: make {shown}, then run the same command again."
            )
        run.plane.sleep(POLL_SECONDS)
    raise WaitingError(f"The certificate {arn} is not issued yet: run the same command again in some minutes.")


def _validation_records(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The CNAME that proves the domain to ACM. It is not known in the first moments."""
    options = detail.get("DomainValidationOptions", [])
    found = [option["ResourceRecord"] for option in options if option.get("ResourceRecord")]
    return [
        {"Name": record["Name"], "Type": record["Type"], "TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
        for record in found
    ]


def _configuration(run: Run, step: Step) -> list[dict[str, Any]]:
    configuration = {name: value for name, value in wanted_of(step).properties.items() if name != "Tags"}
    if configuration["CertificateArn"] == REQUESTED:
        configuration["CertificateArn"] = run.records.id_of(Kind.CERTIFICATE, step.key)
    if "acm" in run.plane.services:
        _issued_certificate(run, configuration["CertificateArn"])
    return [configuration]


def create_domain(run: Run, step: Step) -> None:
    (configuration,) = _configuration(run, step)
    if configuration["IpAddressType"] == "ipv4":
        del configuration["IpAddressType"]
    run.call(
        "create_domain_name",
        DomainName=step.key,
        DomainNameConfigurations=[configuration],
        Tags=wanted_of(step).properties["Tags"],
    )
    run.records.remember(Kind.DOMAIN_NAME, step.key, step.key)


def change_domain(run: Run, step: Step) -> None:
    if "Tags" in changed(step):
        run.tag(f"/domainnames/{step.key}", wanted_of(step).properties["Tags"])
    if changed(step) - {"Tags"}:
        run.call("update_domain_name", DomainName=step.key, DomainNameConfigurations=_configuration(run, step))


def delete_domain(run: Run, step: Step) -> None:
    run.call("delete_domain_name", DomainName=step.key)
    run.records.forget(Kind.DOMAIN_NAME, step.key)


def _available_domain(run: Run, domain: str) -> dict[str, Any]:
    """The domain's configuration, once AWS has set it up."""
    for _ in range(POLLS):
        answer = run.call("get_domain_name", DomainName=domain)
        configuration: dict[str, Any] = answer["DomainNameConfigurations"][0]
        if configuration.get("DomainNameStatus", "AVAILABLE") == "AVAILABLE":
            return configuration
        run.plane.sleep(POLL_SECONDS)
    raise WaitingError(f"AWS is still setting up the domain name {domain}: run the same command again in some minutes.")


def create_mapping(run: Run, step: Step) -> None:
    domain, _, key = step.key.partition("/")
    _available_domain(run, domain)
    answer = run.inside(
        "create_api_mapping", DomainName=domain, Stage=wanted_of(step).properties["Stage"], ApiMappingKey=key
    )
    run.records.remember(Kind.API_MAPPING, step.key, answer["ApiMappingId"])


def change_mapping(run: Run, step: Step) -> None:
    current = current_of(step)
    if current.foreign:
        raise ProvisioningError(
            f"{step.key} leads to another API ({current.detail['ApiId']}): choose another api_mapping_key, or remove that mapping."
        )
    run.inside(
        "update_api_mapping",
        DomainName=current.detail["DomainName"],
        ApiMappingId=current.id,
        Stage=wanted_of(step).properties["Stage"],
    )


def delete_mapping(run: Run, step: Step) -> None:
    current = current_of(step)
    run.call("delete_api_mapping", DomainName=current.detail["DomainName"], ApiMappingId=current.id)
    run.records.forget(Kind.API_MAPPING, step.key)


def point_record(run: Run, step: Step) -> None:
    """Makes the alias, or turns it towards our domain name."""
    kind, _, domain = step.key.partition(" ")
    target = _available_domain(run, domain)
    alias = {
        "DNSName": target["ApiGatewayDomainName"],
        "HostedZoneId": target["HostedZoneId"],
        "EvaluateTargetHealth": False,
    }
    _change_record(run, "UPSERT", {"Name": domain, "Type": kind, "AliasTarget": alias})
    run.records.remember(Kind.DNS_RECORD, step.key, step.key)


def delete_record(run: Run, step: Step) -> None:
    _change_record(run, "DELETE", current_of(step).detail)
    run.records.forget(Kind.DNS_RECORD, step.key)


def _change_record(run: Run, action: str, record: Mapping[str, Any]) -> None:
    run.plane.call(
        "route53",
        "change_resource_record_sets",
        HostedZoneId=run.records.gateway.hosted_zone_id,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": dict(record)}]},
    )


def _remove_record(run: Run, record: Mapping[str, Any]) -> None:
    """Takes the validation record away if it is there; others may have made it with values of their own."""
    answer = run.plane.call(
        "route53",
        "list_resource_record_sets",
        HostedZoneId=run.records.gateway.hosted_zone_id,
        StartRecordName=record["Name"],
        StartRecordType=record["Type"],
        MaxItems="1",
    )
    for found in answer["ResourceRecordSets"]:
        if (found["Name"].rstrip("."), found["Type"]) == (record["Name"].rstrip("."), record["Type"]):
            _change_record(run, "DELETE", found)


DOMAIN_STEPS: Final[Mapping[tuple[Action, Kind], Callable[[Run, Step], None]]] = {
    (Action.CREATE, Kind.CERTIFICATE): request_certificate,
    (Action.DELETE, Kind.CERTIFICATE): delete_certificate,
    (Action.CREATE, Kind.DOMAIN_NAME): create_domain,
    (Action.CHANGE, Kind.DOMAIN_NAME): change_domain,
    (Action.DELETE, Kind.DOMAIN_NAME): delete_domain,
    (Action.CREATE, Kind.API_MAPPING): create_mapping,
    (Action.CHANGE, Kind.API_MAPPING): change_mapping,
    (Action.DELETE, Kind.API_MAPPING): delete_mapping,
    (Action.CREATE, Kind.DNS_RECORD): point_record,
    (Action.CHANGE, Kind.DNS_RECORD): point_record,
    (Action.DELETE, Kind.DNS_RECORD): delete_record,
}
