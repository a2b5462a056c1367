"""The socket's own domain: certificate, domain name, API mapping and DNS records, wanted and found."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.models import ApiGateway
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import owned_by, tags_of
from gateway.provisioning.state import Kind, Resource, State, by_address

OWN_API: Final = "this API"
OWN_DOMAIN: Final = "the domain name on API Gateway"
REQUESTED: Final = "the certificate requested for it"
"""Stand for values that only AWS knows; reading puts them where it finds those values."""

LIVE_CERTIFICATES: Final = frozenset({"PENDING_VALIDATION", "ISSUED"})


def local_certificate(region: str) -> str:
    """Emulators end no TLS, so any ARN will do there."""
    return f"arn:aws:acm:{region}:000000000000:certificate/local"


def wants_domain(gateway: ApiGateway) -> bool:
    return bool(gateway.custom_domain and gateway.domain_name)


def record_types(gateway: ApiGateway) -> tuple[str, ...]:
    """IPv6 needs a record of its own."""
    return ("A", "AAAA") if gateway.dual_stack else ("A",)


def mapping_address(gateway: ApiGateway) -> str:
    """Where the API mapping is: domain and path."""
    return f"{gateway.domain_name}/{gateway.api_mapping_key}"


def wanted_domain(gateway: ApiGateway, plane: ControlPlane) -> list[Resource]:
    """WebSocket APIs know only regional endpoints, and TLS_1_2 is their one security policy (it accepts TLS 1.3 too)."""
    if not wants_domain(gateway):
        return []
    domain = gateway.domain_name
    request = not gateway.certificate_arn and "acm" in plane.services
    certificate = gateway.certificate_arn or (REQUESTED if request else local_certificate(plane.region))
    configuration = {
        "CertificateArn": certificate,
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
        "IpAddressType": "dualstack" if gateway.dual_stack else "ipv4",
        "Tags": tags_of(gateway),
    }
    resources = [
        Resource(kind=Kind.DOMAIN_NAME, key=domain, properties=configuration),
        Resource(
            kind=Kind.API_MAPPING,
            key=mapping_address(gateway),
            properties={"Api": OWN_API, "Stage": gateway.stage_name},
        ),
    ]
    if request:
        resources.append(Resource(kind=Kind.CERTIFICATE, key=domain))
    if gateway.hosted_zone_id and "route53" in plane.services:
        resources += [
            Resource(kind=Kind.DNS_RECORD, key=f"{kind} {domain}", properties={"AliasTarget": OWN_DOMAIN})
            for kind in record_types(gateway)
        ]
    return resources


def read_domain(gateway: ApiGateway, plane: ControlPlane, api_id: str) -> State:
    """What there is of our domains: the wanted one, and any that the database or a tag says is ours."""
    certificate = _certificate(gateway, plane)
    resources = [certificate] if certificate else []
    notices: list[str] = []
    problems: list[str] = []
    for answer in plane.pages("get_domain_names"):
        is_wanted = wants_domain(gateway) and answer["DomainName"] == gateway.domain_name
        is_ours = _is_ours(gateway, plane, answer)
        if not is_ours and not is_wanted:
            continue
        domain = _domain(gateway, answer, certificate.id if certificate else "")
        resources.append(replace(domain, foreign=not is_ours))
        resources += _mappings(gateway, plane, domain.key, api_id)
        resources += _dns_records(gateway, plane, domain)
        if not is_ours:
            problems.append(_not_ours(gateway))
        elif is_wanted and not gateway.hosted_zone_id and plane.is_aws:
            target = domain.detail["ApiGatewayDomainName"]
            notices.append(f"DNS: {domain.key} has to be a CNAME (or an alias) of {target}; no hosted zone is set.")
    if wants_domain(gateway) and not any(resource.kind is Kind.DOMAIN_NAME for resource in resources):
        resources += _dns_records(gateway, plane, Resource(kind=Kind.DOMAIN_NAME, key=gateway.domain_name))
    return State(by_address(resources), notices=tuple(notices), problems=tuple(problems))


def _is_ours(gateway: ApiGateway, plane: ControlPlane, answer: Mapping[str, Any]) -> bool:
    known = gateway.aws_ids.get(Kind.DOMAIN_NAME, {}) if gateway.control_plane == plane.name else {}
    return answer["DomainName"] in known or owned_by(gateway, answer.get("Tags", {}))


def _not_ours(gateway: ApiGateway) -> str:
    wanted = ", ".join(f"{key}={value}" for key, value in tags_of(gateway).items())
    return (
        f"The domain name {gateway.domain_name} exists in this account and is not this gateway's: delete it, or hand it over with "
        f"the tags {wanted}."
    )


def _domain(gateway: ApiGateway, answer: Mapping[str, Any], requested: str) -> Resource:
    found = answer.get("DomainNameConfigurations") or [{}]
    configuration = {"IpAddressType": "ipv4", **found[0]}
    properties = {
        name: configuration.get(name, "")
        for name in ("CertificateArn", "EndpointType", "SecurityPolicy", "IpAddressType")
    }
    if requested and not gateway.certificate_arn and properties["CertificateArn"] == requested:
        properties["CertificateArn"] = REQUESTED
    name = answer["DomainName"]
    properties["Tags"] = answer.get("Tags", {})
    return Resource(kind=Kind.DOMAIN_NAME, key=name, properties=properties, id=name, detail=configuration)


def _mappings(gateway: ApiGateway, plane: ControlPlane, domain: str, api_id: str) -> list[Resource]:
    """Ours, and a foreign one that holds the path we want."""
    found = []
    for answer in plane.pages("get_api_mappings", DomainName=domain):
        key = f"{domain}/{answer.get('ApiMappingKey', '')}"
        is_own = answer["ApiId"] == api_id
        if is_own or (wants_domain(gateway) and key == mapping_address(gateway)):
            found.append(
                Resource(
                    kind=Kind.API_MAPPING,
                    key=key,
                    properties={"Api": OWN_API if is_own else answer["ApiId"], "Stage": answer["Stage"]},
                    id=answer["ApiMappingId"],
                    detail=answer | {"DomainName": domain},
                    foreign=not is_own,
                )
            )
    return found


def _certificate(gateway: ApiGateway, plane: ControlPlane) -> Resource | None:
    """The certificate requested here. One that failed or expired counts as none: another is requested."""
    if "acm" not in plane.services:
        return None
    known = gateway.aws_ids.get(Kind.CERTIFICATE, {}) if gateway.control_plane == plane.name else {}
    arns = [arn for arn in known.values() if arn != gateway.certificate_arn]
    if not arns and wants_domain(gateway) and not gateway.certificate_arn:
        arns = _tagged_certificates(gateway, plane)
    for arn in arns:
        answer = plane.found("acm", "describe_certificate", CertificateArn=arn)
        if answer and answer["Certificate"]["Status"] in LIVE_CERTIFICATES:
            detail = answer["Certificate"]
            return Resource(kind=Kind.CERTIFICATE, key=detail["DomainName"], id=arn, detail=detail)
    return None


def _tagged_certificates(gateway: ApiGateway, plane: ControlPlane) -> list[str]:
    """What a run requested that was killed before it could save the ARN."""
    arns = []
    token = ""
    while True:
        page = plane.call("acm", "list_certificates", **({"NextToken": token} if token else {}))
        for summary in page["CertificateSummaryList"]:
            if summary["DomainName"] != gateway.domain_name:
                continue
            tags = plane.call("acm", "list_tags_for_certificate", CertificateArn=summary["CertificateArn"])["Tags"]
            if owned_by(gateway, {tag["Key"]: tag.get("Value", "") for tag in tags}):
                arns.append(summary["CertificateArn"])
        token = page.get("NextToken", "")
        if not token:
            return arns


def _dns_records(gateway: ApiGateway, plane: ControlPlane, domain: Resource) -> list[Resource]:
    """The alias records in the gateway's zone. Records that point elsewhere are shown in the plan before they are replaced."""
    if not gateway.hosted_zone_id or "route53" not in plane.services:
        return []
    found = []
    for kind in ("A", "AAAA"):
        answer = plane.call(
            "route53",
            "list_resource_record_sets",
            HostedZoneId=gateway.hosted_zone_id,
            StartRecordName=domain.key,
            StartRecordType=kind,
            MaxItems="1",
        )
        for record in answer["ResourceRecordSets"]:
            if record["Name"].rstrip(".") != domain.key or record["Type"] != kind:
                continue
            target = record.get("AliasTarget", {}).get("DNSName", "").rstrip(".").lower()
            is_own = target == str(domain.detail.get("ApiGatewayDomainName", "")).lower()
            found.append(
                Resource(
                    kind=Kind.DNS_RECORD,
                    key=f"{kind} {domain.key}",
                    properties={"AliasTarget": OWN_DOMAIN if is_own else target or "no alias"},
                    id=f"{kind} {domain.key}",
                    detail=record,
                    foreign=not is_own,
                )
            )
    return found
