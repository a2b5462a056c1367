"""Custom domain names."""

import re

from emulator.control.call import Call, found, merged, page, refuse_unsupported
from emulator.control.errors import BadRequestError, ConflictError
from emulator.control.tags import check_tags
from emulator.state import Domain, Record, State

# The hosted zone of regional API Gateway domains in us-east-1; only its being there matters here.
_HOSTED_ZONE_ID = "Z1UJRXOUMOOFQ8"
_HOST_NAME = re.compile(r"(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")
_UNSUPPORTED = {"MutualTlsAuthentication": "clients are not asked for certificates"}


def create(state: State, call: Call) -> Record:
    """Makes a custom domain name, available at once.

    Raises:
        ConflictError: the name is taken.
    """
    name = call.fields["DomainName"]
    if not _HOST_NAME.fullmatch(name):
        raise BadRequestError(f"Invalid domain name identifier specified: {name}")
    if name in state.domains:
        raise ConflictError("The domain name you provided already exists.")
    check_tags(call.fields.get("Tags", {}))
    record = {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": name,
        "DomainNameArn": f"arn:aws:apigateway:{call.region}::/domainnames/{name}",
        "RoutingMode": "API_MAPPING_ONLY",
        "Tags": call.fields.get("Tags", {}),
    }
    configuration = {
        "ApiGatewayDomainName": f"d-{call.new_id(10)}.execute-api.{call.region}.amazonaws.com",
        "DomainNameStatus": "AVAILABLE",
        "EndpointType": "REGIONAL",
        "HostedZoneId": _HOSTED_ZONE_ID,
        "IpAddressType": "ipv4",
        "SecurityPolicy": "TLS_1_2",
    }
    record["DomainNameConfigurations"] = _configured(configuration, call)
    state.domains[name] = Domain(record=record)
    return record


def get(state: State, call: Call) -> Record:
    """One custom domain name."""
    return domain_of(state, call).record


def get_all(state: State, call: Call) -> Record:
    """A page of custom domain names."""
    return page({name: domain.record for name, domain in state.domains.items()}, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into a custom domain name's configuration."""
    domain = domain_of(state, call)
    configurations = _configured(domain.record["DomainNameConfigurations"][0], call)
    domain.record = domain.record | {"DomainNameConfigurations": configurations}
    return domain.record


def delete(state: State, call: Call) -> None:
    """Removes a custom domain name.

    Raises:
        BadRequestError: it still has api mappings.
    """
    domain = domain_of(state, call)
    if domain.mappings:
        raise BadRequestError("Deleting domain name failed. Please remove all API mappings of the domain name.")
    del state.domains[domain.record["DomainName"]]


def domain_of(state: State, call: Call) -> Domain:
    """The domain that the call's path names.

    Raises:
        NotFoundError: there is none.
    """
    return found(state.domains, call.ids["DomainName"], "domain name")


def _configured(configuration: Record, call: Call) -> list[Record]:
    """The one configuration of a domain, with what was sent merged in and checked."""
    refuse_unsupported(call.fields, _UNSUPPORTED)
    if call.fields.get("RoutingMode", "API_MAPPING_ONLY") != "API_MAPPING_ONLY":
        raise BadRequestError("Routing rules are not supported for WEBSOCKET APIs.")
    sent = call.fields.get("DomainNameConfigurations", [{}])
    if len(sent) != 1:
        raise BadRequestError("Exactly one DomainNameConfiguration is required.")
    wished = ("CertificateArn", "CertificateName", "EndpointType", "IpAddressType", "SecurityPolicy")
    changes = {name: value for name, value in sent[0].items() if name in wished}
    record = merged(configuration, changes)
    if not _CERTIFICATE.fullmatch(record.get("CertificateArn", "")):
        raise BadRequestError("CertificateArn must be the ARN of a certificate in ACM.")
    if record["EndpointType"] != "REGIONAL":
        raise BadRequestError("EndpointType must be REGIONAL for WEBSOCKET APIs.")
    if record["SecurityPolicy"] != "TLS_1_2":
        raise BadRequestError("SecurityPolicy must be TLS_1_2 for WEBSOCKET APIs.")
    return [record]
