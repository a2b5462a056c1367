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
