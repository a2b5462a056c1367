"""Deployments: what is live, and what waits for the next deployment."""

from emulator.snapshot import Integration


def test_deployed_route_reaches_the_data_plane(client, build, server):
    """A stage serves the routes of its deployment, with their integrations."""
    api_id = build.api()
    integration_id = build.integration(api_id, RequestParameters={"integration.request.header.X-Route": "'a'"})
    build.route(api_id, "chat", Target=f"integrations/{integration_id}")

    deployment_id = build.deployed(api_id)

    stage = server.store.live_stage(api_id, "production")
    assert (stage.deployed, stage.deployment_id, stage.api_name) == (True, deployment_id, "chat")
    assert stage.route_selection_expression == "$request.body.action"
    assert stage.routes["chat"].integration == Integration(
        integration_id=integration_id,
        uri="http://127.0.0.1:8000/ws/default",
        request_parameters={"integration.request.header.X-Route": "'a'"},
    )


def test_changes_wait_for_the_next_deployment(client, build, server):
    """A changed integration and a new route are not live until the API is deployed to the stage again."""
    api_id = build.api()
    integration_id = build.integration(api_id)
    build.route(api_id, Target=f"integrations/{integration_id}")
    build.deployed(api_id)

    client.update_integration(ApiId=api_id, IntegrationId=integration_id, IntegrationUri="http://127.0.0.1/new")
    build.route(api_id, "chat")
    before = server.store.live_stage(api_id, "production")
    client.create_deployment(ApiId=api_id, StageName="production")
    after = server.store.live_stage(api_id, "production")

    assert before.routes["$default"].integration.uri == "http://127.0.0.1:8000/ws/default"
    assert set(before.routes) == {"$default"}
    assert after.routes["$default"].integration.uri == "http://127.0.0.1/new"
    assert set(after.routes) == {"$default", "chat"}


def test_created_deployment_is_pending_and_then_deployed(client, build):
    """create_deployment answers PENDING, get_deployment DEPLOYED."""
    api_id = build.api()
    build.route(api_id)

    created = client.create_deployment(ApiId=api_id, Description="first")

    got = client.get_deployment(ApiId=api_id, DeploymentId=created["DeploymentId"])
    assert (created["DeploymentStatus"], got["DeploymentStatus"]) == ("PENDING", "DEPLOYED")
    assert (got["Description"], got["AutoDeployed"]) == ("first", False)


def test_an_api_without_routes_cannot_be_deployed(build, refusal):
    """create_deployment wants at least one route."""
    message = refusal("BadRequestException", "create_deployment", ApiId=build.api())

    assert message == "At least one route is required before deploying the Api."


def test_unknown_stage_is_not_deployed_to(client, build, refusal):
    """create_deployment with an unknown stage fails and leaves no deployment."""
    api_id = build.api()
    build.route(api_id)

    refusal("NotFoundException", "create_deployment", ApiId=api_id, StageName="nowhere")

    assert client.get_deployments(ApiId=api_id)["Items"] == []


def test_active_deployment_cannot_be_deleted(client, build, refusal):
    """delete_deployment works only when no stage points at the deployment."""
    api_id = build.api()
    build.route(api_id)
    first = build.deployed(api_id)

    refusal("BadRequestException", "delete_deployment", ApiId=api_id, DeploymentId=first)
    client.create_deployment(ApiId=api_id, StageName="production")
    client.delete_deployment(ApiId=api_id, DeploymentId=first)

    refusal("NotFoundException", "get_deployment", ApiId=api_id, DeploymentId=first)


def test_a_stage_can_be_moved_back(client, build, server):
    """Pointing a stage at an earlier deployment brings its routes back."""
    api_id = build.api()
    build.route(api_id, "old")
    first = build.deployed(api_id)
    build.route(api_id, "new")
    client.create_deployment(ApiId=api_id, StageName="production")

    client.update_stage(ApiId=api_id, StageName="production", DeploymentId=first)

    assert set(server.store.live_stage(api_id, "production").routes) == {"old"}


def test_description_of_a_deployment_can_change(client, build):
    """update_deployment changes the description."""
    api_id = build.api()
    build.route(api_id)
    deployment_id = build.deployed(api_id)

    client.update_deployment(ApiId=api_id, DeploymentId=deployment_id, Description="second")

    assert client.get_deployment(ApiId=api_id, DeploymentId=deployment_id)["Description"] == "second"


def test_disabling_the_default_endpoint_waits_for_a_deployment(client, build, server):
    """DisableExecuteApiEndpoint takes effect with the next deployment."""
    api_id = build.api()
    build.route(api_id)
    build.deployed(api_id)

    client.update_api(ApiId=api_id, DisableExecuteApiEndpoint=True)
    before = server.store.live_stage(api_id, "production").execute_api_disabled
    client.create_deployment(ApiId=api_id, StageName="production")
    after = server.store.live_stage(api_id, "production").execute_api_disabled

    assert (before, after) == (False, True)


def test_auto_deploy_makes_every_change_live(client, build, server):
    """A stage with AutoDeploy follows routes, integrations and the API without being asked, keeping one such deployment."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="dev", AutoDeploy=True)
    integration_id = build.integration(api_id)
    build.route(api_id, "chat", Target=f"integrations/{integration_id}")
    client.update_integration(ApiId=api_id, IntegrationId=integration_id, TimeoutInMillis=100)
    client.update_api(ApiId=api_id, RouteSelectionExpression="$request.body.type")

    stage = server.store.live_stage(api_id, "dev")

    assert stage.routes["chat"].integration.timeout_ms == 100
    assert stage.route_selection_expression == "$request.body.type"
    assert [item["AutoDeployed"] for item in client.get_deployments(ApiId=api_id)["Items"]] == [True]


def test_auto_deploy_excludes_deployments_by_hand(client, build, refusal):
    """A stage with AutoDeploy cannot be pointed at a deployment."""
    api_id = build.api()
    build.route(api_id)
    deployment_id = client.create_deployment(ApiId=api_id)["DeploymentId"]
    client.create_stage(ApiId=api_id, StageName="dev", AutoDeploy=True)

    for operation in ("create_deployment", "update_stage"):
        options = {"DeploymentId": deployment_id} if operation == "update_stage" else {}
        message = refusal("BadRequestException", operation, ApiId=api_id, StageName="dev", **options)
        assert "AutoDeploy is enabled" in message
