"""Makes `schema.json` from a packed `@cdktf/provider-aws`, whose type declarations are generated from the provider's schema.

npm pack @cdktf/provider-aws@21.22.1
python -m tests.provider.extract cdktf-provider-aws-21.22.1.tgz
"""

import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("schema.json")

TYPES = {
    "aws_acm_certificate": "acm-certificate",
    "aws_acm_certificate_validation": "acm-certificate-validation",
    "aws_api_gateway_account": "api-gateway-account",
    "aws_apigatewayv2_api": "apigatewayv2-api",
    "aws_apigatewayv2_api_mapping": "apigatewayv2-api-mapping",
    "aws_apigatewayv2_deployment": "apigatewayv2-deployment",
    "aws_apigatewayv2_domain_name": "apigatewayv2-domain-name",
    "aws_apigatewayv2_integration": "apigatewayv2-integration",
    "aws_apigatewayv2_route": "apigatewayv2-route",
    "aws_apigatewayv2_route_response": "apigatewayv2-route-response",
    "aws_apigatewayv2_stage": "apigatewayv2-stage",
    "aws_cloudwatch_log_group": "cloudwatch-log-group",
    "aws_cloudwatch_metric_alarm": "cloudwatch-metric-alarm",
    "aws_iam_policy": "iam-policy",
    "aws_iam_role": "iam-role",
    "aws_iam_role_policy_attachment": "iam-role-policy-attachment",
    "aws_route53_record": "route53-record",
    "data.aws_caller_identity": "data-aws-caller-identity",
    "data.aws_iam_policy_document": "data-aws-iam-policy-document",
    "data.aws_partition": "data-aws-partition",
}

INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"#(\w+) [\w#]+\}(?:(?!\*/).)*\*/\s+readonly (\w+)(\??): (\w+|\{)", re.DOTALL)
GETTER = re.compile(r"^    get (\w+)\(\): ", re.MULTILINE)
VERSION = re.compile(r"providers/hashicorp/aws/([0-9.]+)/docs")


def snake(name: str) -> str:
    """`ipAddressType` -> `ip_address_type`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def described(name: str, interfaces: dict[str, str]) -> dict[str, Any]:
    """The arguments and the nested blocks of one interface."""
    arguments: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for argument, _, optional, kind in MEMBER.findall(interfaces[name]):
        required = optional == ""
        if kind in interfaces:
            blocks[argument] = {"required": required, **described(kind, interfaces)}
        else:
            arguments[argument] = {"required": required}
    return {"arguments": arguments, "blocks": blocks}


def extracted(package: Path) -> dict[str, Any]:
    """The schema of every type in `TYPES`."""
    types: dict[str, Any] = {}
    with tarfile.open(package) as archive:

        def text(name: str) -> str:
            member = archive.extractfile(f"package/{name}")
            assert member is not None
            return member.read().decode()

        manifest = json.loads(text("package.json"))
        for name, folder in TYPES.items():
            source = text(f"lib/{folder}/index.d.ts")
            interfaces = dict(INTERFACE.findall(source))
            config = next(interface for interface in interfaces if interface.endswith("Config"))
            own_class = source[source.index("static readonly tfResourceType") :]
            getters = [getter for getter in GETTER.findall(own_class) if not getter.endswith("Input")]
            types[name] = described(config, interfaces) | {"attributes": sorted({snake(getter) for getter in getters})}
            version = VERSION.search(source)
            assert version is not None
    return {
        "source": f"npm package {manifest['name']} {manifest['version']}, type declarations",
        "provider": f"hashicorp/aws {version[1]}",
        "licence": manifest["license"],
        "types": types,
    }


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(extracted(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n", encoding="utf-8")
