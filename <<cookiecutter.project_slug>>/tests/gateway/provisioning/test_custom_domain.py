"""A custom domain: its certificate, its name, its mapping and its DNS records, and that nothing of it stays behind."""

from itertools import count

import pytest
from django.core.management import CommandError, call_command

from gateway import aws
from gateway.provisioning.apply import apply, destroy, plan_to_destroy
from gateway.provisioning.exceptions import ProvisioningError, WaitingError
from gateway.provisioning.registration import register
from tests.gateway.provisioning.conftest import CERTIFICATE, Killed, Neighbours, Site, killing_after


def records_of(zone_id: str) -> dict[tuple[str, str], dict[str, object]]:
    """What the zone holds besides its own NS and SOA."""
    found = aws.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return {(record["Type"], record["Name"]): record for record in found if record["Type"] not in {"NS", "SOA"}}


def certificates() -> list[str]:
    found = aws.client("acm").list_certificates()["CertificateSummaryList"]
    return [certificate["CertificateArn"] for certificate in found]


def test_without_a_zone_the_record_to_make_is_named(site: Site, neighbours: Neighbours) -> None:
    """The API works meanwhile, and clients are not sent to a domain that does not answer."""
    site.change(custom_domain=True)

    with pytest.raises(WaitingError, match=r"make _\w+\.ws\.example\.com\. CNAME _\w+"):
        site.apply()

    assert site.gateway.socket_url == f"{site.gateway.api_endpoint}/production"
    assert site.gateway.aws_ids["certificate"]["ws.example.com"] in certificates()


def test_the_run_after_the_certificate_is_issued_goes_on(site: Site, neighbours: Neighbours) -> None:
    """The same certificate is used: none is requested twice."""
    site.change(custom_domain=True)
    with pytest.raises(WaitingError):
        site.apply()
    neighbours.pass_time(0)

    left = site.apply()

    domain = site.client.get_domain_name(DomainName="ws.example.com")
    assert not left
    assert [domain["DomainNameConfigurations"][0]["CertificateArn"]] == certificates()


def test_with_a_zone_everything_is_made_in_one_run(site: Site, neighbours: Neighbours) -> None:
    """The validation record, and alias records towards the regional endpoint for both IP versions."""
    site.change(custom_domain=True, hosted_zone_id=neighbours.zone_id, dual_stack=True)

    left = site.apply(sleep=neighbours.pass_time)

    configuration = site.client.get_domain_name(DomainName="ws.example.com")["DomainNameConfigurations"][0]
    records = records_of(neighbours.zone_id)
    assert not left
    assert {kind for kind, _ in records} == {"CNAME", "A", "AAAA"}
    assert (
        records["A", "ws.example.com."]["AliasTarget"]["DNSName"].rstrip(".") == configuration["ApiGatewayDomainName"]
    )
    assert configuration["IpAddressType"] == "dualstack"


def test_an_apply_with_a_domain_survives_any_kill(site: Site, neighbours: Neighbours) -> None:
    """One certificate, one domain, one API, wherever the run died."""
    for calls in count(1):
        site.change(custom_domain=True, hosted_zone_id=neighbours.zone_id, access_log_arn=neighbours.log_group_arn)
        try:
            site.apply(client=killing_after(calls), sleep=neighbours.pass_time)
        except Killed:
            pass
        else:
            break

        assert not site.apply(sleep=neighbours.pass_time), f"killed after call {calls}"
        assert (len(site.apis), len(certificates())) == (1, 1), f"killed after call {calls}"
        assert not destroy(site.gateway, site.plane(), site.said.append)
        assert (site.apis, certificates(), records_of(neighbours.zone_id)) == ([], [], {})
    assert calls > 30


def test_destroy_leaves_nothing(site: Site, neighbours: Neighbours) -> None:
    """No certificate, domain, record, log group or API; the record knows of none."""
    site.change(custom_domain=True, hosted_zone_id=neighbours.zone_id, access_log_arn=neighbours.log_group_arn)
    site.apply(sleep=neighbours.pass_time)

    destroy(site.gateway, site.plane(), site.said.append)

    assert site.apis == []
    assert site.client.get_domain_names()["Items"] == []
    assert certificates() == []
    assert records_of(neighbours.zone_id) == {}
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert (site.gateway.api_id, site.gateway.callback_url, site.gateway.aws_ids) == ("", "", {})
    assert not plan_to_destroy(site.gateway, site.plane())


def test_a_log_group_of_somebody_else_is_used_and_left(site: Site, neighbours: Neighbours) -> None:
    """Its retention is not touched either."""
    aws.client("logs").create_log_group(logGroupName="/websocket/tests")
    site.change(access_log_arn=neighbours.log_group_arn)
    assert not site.apply()

    destroy(site.gateway, site.plane(), site.said.append)

    assert [group.get("retentionInDays") for group in aws.client("logs").describe_log_groups()["logGroups"]] == [None]


def test_logs_without_the_accounts_role_are_refused_before_anything_is_made(site: Site, neighbours: Neighbours) -> None:
    """A plain message says what to set where."""
    aws.client("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
    )
    site.change(access_log_arn=neighbours.log_group_arn)

    with pytest.raises(ProvisioningError, match="no CloudWatch Logs role for API Gateway in eu-central-1"):
        site.apply()

    assert site.apis == []


def test_a_certificate_that_expired_is_named(site: Site, neighbours: Neighbours) -> None:
    """Before AWS is asked to use it."""
    arn = aws.client("acm").request_certificate(DomainName="ws.example.com")["CertificateArn"]
    neighbours.end(arn, "EXPIRED")
    site.change(custom_domain=True, certificate_arn=arn)

    with pytest.raises(
        ProvisioningError, match=r"The certificate arn:aws:acm:\S+ is expired: give the gateway another"
    ):
        site.apply()


def test_a_domain_of_somebody_else_is_not_taken_over(site: Site) -> None:
    """Not even when it is in our own account."""
    site.client.create_domain_name(
        DomainName="ws.example.com", DomainNameConfigurations=[{"CertificateArn": CERTIFICATE}]
    )
    site.change(custom_domain=True, certificate_arn=CERTIFICATE)

    with pytest.raises(ProvisioningError, match=r"ws\.example\.com exists in this account and is not this gateway's"):
        site.apply()


def test_what_stands_in_the_way_of_making_does_not_keep_from_removing(live: Site) -> None:
    """A foreign domain stays, our API goes."""
    live.client.create_domain_name(
        DomainName="ws.example.com", DomainNameConfigurations=[{"CertificateArn": CERTIFICATE}]
    )
    live.change(custom_domain=True, certificate_arn=CERTIFICATE)

    assert not destroy(live.gateway, live.plane(), live.said.append)

    assert live.apis == []
    assert [domain["DomainName"] for domain in live.client.get_domain_names()["Items"]] == ["ws.example.com"]


def test_a_path_that_leads_elsewhere_is_not_taken_over(live: Site) -> None:
    """The mapping of another API stays where it is."""
    live.change(custom_domain=True, certificate_arn=CERTIFICATE)
    live.apply()
    other = live.client.create_api(Name="other", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")
    live.client.create_stage(ApiId=other["ApiId"], StageName="production")
    live.client.create_api_mapping(
        ApiId=other["ApiId"], DomainName="ws.example.com", Stage="production", ApiMappingKey="v2"
    )
    live.change(api_mapping_key="v2")

    with pytest.raises(ProvisioningError, match=r"ws\.example\.com/v2 leads to another API"):
        live.apply()


def test_the_command_turns_the_domain_on_and_applies(site: Site) -> None:
    """`create_custom_domain` needs nothing on an emulator: any certificate will do there."""
    call_command("create_custom_domain", verbosity=0)

    assert site.gateway.custom_domain
    assert site.client.get_api_mappings(DomainName="ws.example.com")["Items"][0]["Stage"] == "production"
    assert not site.plan()


def test_the_command_needs_a_domain_name(site: Site) -> None:
    """It says where to put it."""
    site.change(domain_name="")

    with pytest.raises(CommandError, match=r"has no domain_name: set it in config/gateway\.json"):
        call_command("create_custom_domain")


def test_turning_the_domain_off_removes_it(site: Site) -> None:
    """The API stays."""
    call_command("create_custom_domain", verbosity=0)
    site.change(custom_domain=False)

    assert not apply(site.gateway, site.plane(), site.said.append)
    register()

    assert site.client.get_domain_names()["Items"] == []
    assert len(site.apis) == 1
